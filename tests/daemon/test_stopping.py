"""The end of a daemon or a worker: stopped or killed, under load or before it is ready."""

import os
import re
import signal
import subprocess
from pathlib import Path

import pytest
from helpers.daemon import WATCHER, Daemon, Workspace, environment, is_alive, reference_picture
from helpers.support import read_files, wait_until


def drop(workspace: Workspace, count: int, prefix: str) -> list[tuple[str, bytes]]:
    """Write `count` pictures into the inbox, each under a name of its own."""
    dropped = []
    for index in range(count):
        name, content = f"{prefix}-{index}.jpg", reference_picture(index % 10, index // 10 % 40)
        (workspace.inbox / name).write_bytes(content)
        dropped.append((name, content))
    return dropped


def blocks(pid: int, number: int) -> bool:
    """Whether a process blocks a signal."""
    (blocked,) = re.findall(r"SigBlk:\s*(\w+)", Path(f"/proc/{pid}/status").read_text())
    return bool(int(blocked, 16) & 1 << number - 1)


@pytest.mark.parametrize(("number", "group"), [(signal.SIGTERM, False), (signal.SIGINT, True)])
def test_asked_to_stop_under_load_it_finishes_what_it_claimed_and_leaves_the_rest(
    workspace: Workspace, number: int, *, group: bool
) -> None:
    dropped = dict(drop(workspace, 600, "early"))
    with Daemon(workspace, workers__count=1) as daemon:
        workers = daemon.workers()
        assert len(workers) == 4  # two fork servers, and one that reads and one that compares
        assert all(blocks(worker, number) for worker in workers)
        wait_until(workspace.rows)
        dropped |= drop(workspace, 50, "late")
        daemon.stop(number, group=group)
    assert not any(map(is_alive, workers))
    assert list(workspace.claimed.iterdir()) == []
    left = read_files(workspace.inbox)
    assert left
    assert left.items() <= dropped.items()
    for name in left:
        (workspace.inbox / name).unlink()
    workspace.audit((name, content) for name, content in dropped.items() if name not in left)
    assert daemon.events()[-1]["event"] == "stopped"


def test_a_killed_worker_loses_no_picture(workspace: Workspace) -> None:
    with Daemon(workspace, workers__count=1) as daemon:
        dropped = []
        for number, worker in enumerate(reversed(daemon.workers())):
            dropped += drop(workspace, 75, f"before-{number}")
            os.kill(worker, signal.SIGKILL)
            dropped += drop(workspace, 25, f"after-{number}")
            wait_until(lambda: workspace.waiting() == set())
        assert not {row["destination"].split("/")[0] for row in workspace.rows()} & {"failed"}
    workspace.audit(dropped)


def test_workers_die_with_a_daemon_that_is_killed(workspace: Workspace) -> None:
    with Daemon(workspace, workers__count=2) as daemon:
        workers = daemon.workers()
        assert len(workers) == 2 + 2 * 2
        daemon.kill()
    wait_until(lambda: not any(map(is_alive, workers)), 5)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_asked_to_stop_while_it_is_being_loaded_it_has_nothing_to_finish(
    empty_folder: Path, number: int
) -> None:
    process = subprocess.Popen(
        [*WATCHER, "run"], cwd=empty_folder, env=environment({}), stderr=subprocess.PIPE
    )
    wait_until(lambda: has_seen_to_signals(process.pid), 60)
    process.send_signal(number)
    assert process.communicate(timeout=60)[1] == b""
    assert process.returncode == 0
    assert list(empty_folder.iterdir()) == []


def has_seen_to_signals(pid: int) -> bool:
    """Whether a process has a handler of its own for SIGTERM."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    [caught] = (line.split()[1] for line in lines if line.startswith("SigCgt"))
    return bool(int(caught, 16) & 1 << (signal.SIGTERM - 1))


def test_asked_to_stop_while_it_gets_ready_it_stops_as_well(empty_folder: Path) -> None:
    daemon = Daemon(Workspace(empty_folder), workers__count=1)
    wait_until(lambda: daemon.said("made"))
    daemon.stop(signal.SIGINT, group=True)
    assert daemon.events()[-1]["event"] in {"stopped before it was ready", "stopped"}
