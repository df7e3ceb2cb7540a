"""A model that is lost while the daemon runs is made again while work goes on."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.daemon import Daemon, Workspace, descendants, reference_picture
from helpers.support import make_files, wait_until


@pytest.fixture
def daemon(workspace: Workspace) -> Iterator[Daemon]:
    with Daemon(workspace, workers__count=1) as daemon:
        yield daemon


def lose_the_model(daemon: Daemon) -> None:
    """Remove the model, and have the workers look for it: they are started again."""
    (model,) = Path(f"{daemon.workspace.database}.cache").iterdir()
    for file in model.iterdir():
        file.unlink()
    model.rmdir()
    for worker in daemon.workers():
        os.kill(worker, signal.SIGKILL)


def fitting(daemon: Daemon) -> list[int]:
    """The process that makes a model, if there is one."""
    commands = {pid: Path(f"/proc/{pid}/cmdline") for pid in descendants(daemon.process.pid)}
    return [
        pid for pid, file in commands.items() if file.exists() and b"references.fitting" in file.read_bytes()
    ]


def test_pictures_wait_until_it_is_there_and_none_is_blamed(daemon: Daemon) -> None:
    lose_the_model(daemon)
    make_files(daemon.workspace.inbox, {"seven.jpg": reference_picture(7)})
    wait_until(lambda: daemon.workspace.filed() == 1 and daemon.said("model made again"), 60)
    assert [said["reference_version"] for said in daemon.said("model made again")] == [1]
    assert daemon.said("stalled")
    assert daemon.said("going on")
    assert not daemon.said("references changed")
    daemon.workspace.audit([("seven.jpg", reference_picture(7))])


def test_while_it_is_made_the_daemon_can_be_asked_to_stop(daemon: Daemon) -> None:
    lose_the_model(daemon)
    make_files(daemon.workspace.inbox, {"seven.jpg": reference_picture(7)})
    wait_until(lambda: fitting(daemon), 60)
    (process,) = fitting(daemon)
    os.kill(process, signal.SIGSTOP)  # as if there were very many references
    daemon.stop()
    assert not Path(f"/proc/{process}").exists()
    with Daemon(daemon.workspace):
        wait_until(lambda: daemon.workspace.filed() == 1, 60)
    daemon.workspace.audit([("seven.jpg", reference_picture(7))])
