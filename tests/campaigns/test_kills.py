"""Killing the daemon at random moments, again and again, while files keep coming."""

import random
import subprocess
import time

import pytest
from campaigns.figures import tell
from campaigns.scanner import Scanner
from daemon import WATCHER, Daemon, Place, environment, is_alive
from support import wait_until

MOST_WAITING = 200
"""It is let live until it has caught up this far: nobody drains in five seconds what came in five minutes."""


def kill_at_random(place: Place, chance: random.Random, latest: float, settings: dict[str, object]) -> None:
    """Start it, and kill it while it starts, while it resumes, or so many seconds after its first deed."""
    with (place.path / "output.txt").open("wb") as output:
        process = subprocess.Popen(
            [*WATCHER, "run"], cwd=place.path, env=environment(settings), stdout=output, stderr=output
        )
    if chance.random() < 0.7:
        before = place.recorded()
        wait_until(lambda: place.recorded() > before or process.poll() is not None, 60)
    wait_until(lambda: sum(1 for _ in place.inbox.iterdir()) < MOST_WAITING or process.poll() is not None, 60)
    time.sleep(chance.uniform(0, latest))
    assert process.poll() is None, (place.path / "output.txt").read_text()
    workers = _children(process.pid)
    process.kill()
    process.wait()
    wait_until(lambda: not any(map(is_alive, workers)))


def campaign(place: Place, *, kills: int, latest: float, rate: float, seed: int, **settings: object) -> float:
    """Kill it so often, drain, and audit; the seconds from the last start to drained."""
    chance = random.Random(seed)  # noqa: S311 - keeps no secret
    with Scanner(place, rate=rate) as scanner:
        for _ in range(kills):
            kill_at_random(place, chance, latest, settings)
        dropped = scanner.stop()
    waiting = len(dropped) - place.filed()
    start = time.monotonic()
    with Daemon(place, **settings):
        wait_until(lambda: place.filed() >= len(dropped), 60)
        drained = time.monotonic() - start
    place.audit_digests(dropped)
    tell("kills", **settings, kills=kills, files=len(dropped), waiting=waiting, drained=round(drained, 2))
    return drained


def _children(pid: int) -> list[int]:
    with open(f"/proc/{pid}/task/{pid}/children") as file:  # noqa: PTH123 - shorter
        return [int(child) for child in file.read().split()]


def test_killed_at_random_moments_it_loses_and_doubles_nothing(place: Place) -> None:
    campaign(place, kills=4, latest=0.2, rate=40, seed=1, workers__executor="threads", workers__count=1)


@pytest.mark.campaign
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("executor", ["threads", "processes"])
def test_killed_five_hundred_times_it_loses_and_doubles_nothing(place: Place, executor: str) -> None:
    drained = campaign(place, kills=500, latest=0.6, rate=40, seed=2, workers__executor=executor)
    assert drained <= 5.0
