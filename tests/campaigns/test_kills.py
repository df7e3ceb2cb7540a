"""Killing the daemon at random moments, again and again, while pictures keep coming.

The ordinary suite has a short form of it; `pytest -m campaign` the long one.
"""

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
    """Pictures and a few files that are none, arriving in every way there is until they are all there."""

    def __init__(self, place: Place, count: int, pause: float) -> None:
        super().__init__(daemon=True)
        self._place = place
        self._pause = pause
        self.dropped = [
            (f"scan-{index}.jpg", reference_picture(index % 10, index % 40))
            if index % 23
            else (f"scan-{index}.txt", b"%d bottles" % index)
            for index in range(count)
        ]

    def run(self) -> None:
        for index, (name, content) in enumerate(self.dropped):
            goal = self._place.inbox / name
            if index % 3 == 0:
                goal.write_bytes(content)
            else:
                part = (goal if index % 3 == 1 else self._place.path / name).with_name(f".{name}.tmp")
                part.write_bytes(content)
                part.rename(goal)
            time.sleep(self._pause)


def kill_at_random(place: Place, kills: int, latest: float, **settings: object) -> None:
    """Start it so often, and kill it each time within so many seconds of its process's start."""
    for _ in range(kills):
        with Path(os.devnull).open("wb") as nowhere:
            process = subprocess.Popen(
                [*WATCHER, "run"], cwd=place.path, env=environment(settings), stdout=nowhere, stderr=nowhere
            )
        before = len(place.rows())
        give_up = time.monotonic() + 5
        if CHANCE.random() < 0.8:  # else it dies while it gets ready
            while len(place.rows()) == before and time.monotonic() < give_up and process.poll() is None:
                time.sleep(0.001)
        time.sleep(CHANCE.uniform(0, latest))
        assert process.poll() is None, "it ended by itself"
        process.kill()
        process.wait()


def campaign(place: Place, *, kills: int, count: int, latest: float, **settings: object) -> None:
    arrivals = Arrivals(place, count, pause=0.004)
    arrivals.start()
    kill_at_random(place, kills, latest, **settings)
    arrivals.join()
    with Daemon(place, **settings):
        wait_until(lambda: place.filed() == count, 60)
    place.audit(arrivals.dropped)


def test_killed_at_random_moments_it_loses_and_doubles_nothing(place: Place) -> None:
    campaign(place, kills=8, count=600, latest=0.1, workers__executor="threads", workers__count=1)


@pytest.mark.campaign
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("executor", ["threads", "processes"])
def test_killed_a_hundred_times_it_loses_and_doubles_nothing(place: Place, executor: str) -> None:
    campaign(place, kills=100, count=8000, latest=1.0, workers__executor=executor)
