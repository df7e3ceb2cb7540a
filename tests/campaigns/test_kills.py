"""Killing the daemon at random moments, again and again, while pictures keep coming.

The ordinary suite has a short form of it; `pytest -m campaign` the long one.
"""

import itertools
import os
import random
import subprocess
import threading
import time
from pathlib import Path

import pytest
from daemon import WATCHER, Daemon, Place, environment, reference_picture
from support import wait_until

CHANCE = random.Random(20261122)  # noqa: S311 - keeps no secret


class Arrivals(threading.Thread):
    """Pictures and a few files that are none, arriving in every way there is until it is enough."""

    def __init__(self, place: Place, pause: float) -> None:
        super().__init__(daemon=True)
        self._place = place
        self._pause = pause
        self._enough = threading.Event()
        self.dropped: list[tuple[str, bytes]] = []

    def run(self) -> None:
        for index in itertools.count():
            if self._enough.wait(self._pause):
                return
            name, content = f"scan-{index}.jpg", reference_picture(index % 10, index % 40)
            if index % 23 == 0:
                name, content = f"scan-{index}.txt", b"%d bottles" % index
            goal = self._place.inbox / name
            if index % 3 == 0:
                goal.write_bytes(content)
            else:
                part = (goal if index % 3 == 1 else self._place.path / name).with_name(f".{name}.tmp")
                part.write_bytes(content)
                part.rename(goal)
            self.dropped.append((name, content))

    def finish(self) -> list[tuple[str, bytes]]:
        """Stop, and say what was dropped."""
        self._enough.set()
        self.join()
        return self.dropped


def kill_at_random(place: Place, kills: int, latest: float, **settings: object) -> None:
    """Start it so often, and kill it each time within so many seconds of its first deed, or before."""
    for _ in range(kills):
        with Path(os.devnull).open("wb") as nowhere:
            process = subprocess.Popen(
                [*WATCHER, "run"], cwd=place.path, env=environment(settings), stdout=nowhere, stderr=nowhere
            )
        before = len(place.rows())
        if CHANCE.random() < 0.8:  # else it dies while it gets ready
            wait_until(lambda before=before: len(place.rows()) > before)  # type: ignore[misc]
        time.sleep(CHANCE.uniform(0, latest))
        assert process.poll() is None, "it ended by itself"
        process.kill()
        process.wait()


def campaign(place: Place, *, kills: int, latest: float, **settings: object) -> None:
    arrivals = Arrivals(place, pause=0.005)
    arrivals.start()
    kill_at_random(place, kills, latest, **settings)
    dropped = arrivals.finish()
    with Daemon(place, **settings):
        wait_until(lambda: place.filed() >= len(dropped), 60)
    place.audit(dropped)


def test_killed_at_random_moments_it_loses_and_doubles_nothing(place: Place) -> None:
    campaign(place, kills=8, latest=0.1, workers__executor="threads", workers__count=1)


@pytest.mark.campaign
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("executor", ["threads", "processes"])
def test_killed_a_hundred_times_it_loses_and_doubles_nothing(place: Place, executor: str) -> None:
    campaign(place, kills=100, latest=0.5, workers__executor=executor)
