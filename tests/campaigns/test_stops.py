"""Asking the daemon to stop while it has its hands full, and files that all come by one name."""

import os
import random
import signal
import time

import pytest
from campaigns.figures import tell
from campaigns.launcher import Launcher
from campaigns.scanner import Scanner
from campaigns.strace import ONE_PROCESS
from helpers.daemon import Daemon, Workspace, descendants, is_alive
from helpers.support import wait_until

STOP_SECONDS = 5.0
PROCESSES = {"workers__executor": "processes", "workers__count": 2}


def seconds_to_stop(
    launcher: Launcher, workspace: Workspace, after: float, settings: dict[str, object]
) -> float:
    """Ask it to stop so many seconds after it was ready: it ends well, and so do its workers."""
    process = launcher.start(workspace, "run", held=False, **settings)
    wait_until(lambda: '"ready"' in process.output(), 60, pause=0.02)
    time.sleep(after)
    workers = descendants(process.pid)
    start = time.monotonic()
    os.kill(process.pid, signal.SIGTERM)
    assert process.wait() == 0, process.output()
    seconds = time.monotonic() - start
    wait_until(lambda: not any(map(is_alive, workers)), 60)
    return seconds


def stopped_under_load(
    launcher: Launcher, workspace: Workspace, *, times: int, rate: float, **settings: object
) -> None:
    chance = random.Random(times)  # noqa: S311 - keeps no secret
    slowest = 0.0
    with Scanner(workspace, rate=rate) as scanner:
        for _ in range(times):
            slowest = max(slowest, seconds_to_stop(launcher, workspace, chance.uniform(0, 0.5), settings))
        dropped = scanner.stop()
    with Daemon(workspace, **settings):
        wait_until(lambda: workspace.filed() == len(dropped), 1200, pause=0.1)
    workspace.audit_digests(dropped)
    tell("stops", **settings, times=times, files=len(dropped), slowest=round(slowest, 3))
    assert slowest <= STOP_SECONDS


def one_name(workspace: Workspace, *, files: int, starts: int) -> None:
    """Every other start ends by SIGKILL."""
    with Scanner(workspace, rate=1000, count=files, name="scan.jpg") as scanner:
        for number in range(1, starts):
            with Daemon(workspace, **ONE_PROCESS) as daemon:
                wait_until(lambda aim=files * number // starts: workspace.filed() >= aim, 60)  # type: ignore[misc]
                if number % 2:
                    daemon.kill()
        with Daemon(workspace, **ONE_PROCESS):
            dropped = scanner.wait(120)
            wait_until(lambda: workspace.filed() == files)
    workspace.audit_digests(dropped)
    (folder,) = {row["destination"].split("/")[0] for row in workspace.rows()}
    names = {path.name for path in (workspace.outbox / folder).iterdir()}
    tell("one name", files=files, starts=starts, in_the_folder=len(names))
    assert names == {"scan.jpg", *(f"scan-{number}.jpg" for number in range(1, files))}


def test_files_of_one_name_are_all_kept_over_restarts(workspace: Workspace) -> None:
    one_name(workspace, files=30, starts=2)


@pytest.mark.campaign
@pytest.mark.timeout(600)
def test_a_thousand_files_of_one_name_are_all_kept_over_restarts(workspace: Workspace) -> None:
    one_name(workspace, files=1000, starts=10)


@pytest.mark.campaign
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("settings", [ONE_PROCESS, PROCESSES], ids=["threads", "processes"])
def test_asked_to_stop_a_hundred_times_it_ends_well(
    launcher: Launcher, workspace: Workspace, settings: dict[str, object]
) -> None:
    stopped_under_load(launcher, workspace, times=100, rate=60, **settings)
