"""Killing the daemon at random moments, again and again, while files keep coming."""

import random
import time

import pytest
from campaigns.figures import tell
from campaigns.launcher import Launcher
from campaigns.scanner import Scanner
from helpers.daemon import Daemon, Workspace, descendants, is_alive
from helpers.support import wait_until


def kill_at_random(
    launcher: Launcher,
    workspace: Workspace,
    chance: random.Random,
    latest: float,
    settings: dict[str, object],
) -> None:
    """Start it, and kill it while it starts, while it resumes, or so many seconds after its first deed."""
    process = launcher.start(workspace, "run", held=False, **settings)
    if chance.random() < 0.7:
        before = workspace.recorded()
        wait_until(lambda: workspace.recorded() > before or not is_alive(process.pid), 60, pause=0.02)
    time.sleep(chance.uniform(0, latest))
    assert is_alive(process.pid), process.output()
    workers = descendants(process.pid)
    process.kill()
    wait_until(lambda: not any(map(is_alive, workers)), 60)


def campaign(
    launcher: Launcher, workspace: Workspace, *, kills: int, files: int, latest: float, **settings: object
) -> float:
    """Kill it at least so often, and until at least so many files have come; drain, and audit.

    Gives the seconds from the last start to drained.
    """
    chance = random.Random(kills)  # noqa: S311 - keeps no secret
    killed = 0
    with Scanner(workspace, rate=70) as scanner:
        while killed < kills or workspace.recorded() < files:
            kill_at_random(launcher, workspace, chance, latest, settings)
            killed += 1
        dropped = scanner.stop()
    waiting = len(dropped) - workspace.filed()
    start = time.monotonic()
    with Daemon(workspace, **settings):
        wait_until(lambda: workspace.filed() >= len(dropped), 120)
        drained = time.monotonic() - start
    workspace.audit_digests(dropped)
    tell("kills", **settings, kills=killed, files=len(dropped), waiting=waiting, drained=round(drained, 2))
    return drained


def test_killed_at_random_moments_it_loses_and_doubles_nothing(
    launcher: Launcher, workspace: Workspace
) -> None:
    settings = {"workers__executor": "threads", "workers__count": 1}
    campaign(launcher, workspace, kills=4, files=0, latest=0.2, **settings)


@pytest.mark.campaign
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("executor", ["threads", "processes"])
def test_killed_five_hundred_times_it_loses_and_doubles_nothing(
    launcher: Launcher, workspace: Workspace, executor: str
) -> None:
    drained = campaign(launcher, workspace, kills=500, files=20_000, latest=0.6, workers__executor=executor)
    assert drained <= 5.0
