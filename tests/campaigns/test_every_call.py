"""Killing a run at every system call that changes the disk, and its recovery at every such call again."""

import random
import shutil
import sqlite3
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest
from campaigns.figures import tell
from campaigns.launcher import Launcher
from campaigns.strace import ONE_PROCESS, Call, changing_calls, killed_at, why_not
from helpers.daemon import Workspace, reference_picture
from helpers.support import make_files

pytestmark = pytest.mark.skipif(why_not() is not None, reason=str(why_not()))

FILES = {"scan.jpg": reference_picture(4), "again.jpg": reference_picture(4), "letter.txt": b"no picture"}
DEEDS = [
    *(Call("rename", number) for number in (1, 2, 3)),
    *(Call("linkat", number) for number in (1, 2, 3)),
    *(Call("syncfs", number) for number in (1, 2)),
    *(Call("fdatasync", number) for number in (1, 3, 4, 5)),
    *(Call("pwrite64", number) for number in (12, 20, 24)),
    *(Call("unlink", number) for number in (2, 3, 4, 5)),
]
"""Calls that every run with three files makes."""


def copy(workspace: Workspace, goal: Path) -> Workspace:
    """The place as it is, hard links and all."""
    shutil.rmtree(goal, ignore_errors=True)
    subprocess.run(["cp", "-a", workspace.path, goal], check=True)
    return Workspace(goal)


def assert_recovered(launcher: Launcher, workspace: Workspace, **settings: object) -> None:
    """Whatever happened to it, one more run puts all in order."""
    assert launcher.start(workspace, "run", "--once", held=False, **settings).wait() == 0
    workspace.audit(FILES.items())


def state(workspace: Workspace) -> tuple[object, ...]:
    """What a recovery finds: where each file lies, under how many names, and what the log says of it."""
    batches = sorted(path.name for path in workspace.claimed.iterdir())
    files = sorted(
        (str(path.relative_to(workspace.path)), path.lstat().st_nlink, path.lstat().st_size)
        for folder in (workspace.inbox, workspace.outbox)
        for path in folder.rglob("*")
        if not path.name.startswith(".probe-")
    )
    for number, batch in enumerate(batches):
        files = [(name.replace(batch, str(number)), links, size) for name, links, size in files]
    base = sorted(path.name for path in workspace.path.glob("watcher.db*"))
    connection = sqlite3.connect(workspace.database)
    try:
        rows = connection.execute("SELECT name, destination, filed_at IS NULL FROM results").fetchall()
    finally:
        connection.close()
    return (*files, *base, *rows)


def sweep(
    launcher: Launcher, workspace: Workspace, spare: Path, calls: Iterable[Call], **settings: object
) -> dict[Call, Workspace]:
    """Kill a copy of the place at each call, and leave it as it is then."""
    left = {}
    for number, call in enumerate(calls):
        left[call] = copy(workspace, spare / f"{number}-{call.kind}-{call.number}")
        assert killed_at(launcher, left[call], call, **settings), f"{call} was not made"
    return left


def campaign(launcher: Launcher, workspace: Workspace, tmp_path: Path, **settings: object) -> None:
    """Each call of the run, and for each state that leaves, each call of its recovery."""
    make_files(workspace.inbox, FILES)
    spare = tmp_path / "killed"
    spare.mkdir()
    trial = tmp_path / "trial"
    calls = changing_calls(launcher, copy(workspace, trial), **settings)
    left = sweep(launcher, workspace, spare, calls, **settings)
    states = {state(copy(killed, trial)): killed for killed in left.values()}
    recoveries = kills = 0
    for killed in states.values():
        again = changing_calls(launcher, copy(killed, trial), **settings)
        for call in again:
            recovering = copy(killed, trial)
            kills += killed_at(launcher, recovering, call, **settings)  # not all make the same calls
            assert_recovered(launcher, recovering, **settings)
        recoveries += len(again)
    for killed in left.values():
        assert_recovered(launcher, killed, **settings)
    tell(
        "every call",
        **settings,
        calls=len(calls),
        states=len(states),
        recovery_calls=recoveries,
        of_these_killed=kills,
    )


def test_killed_at_a_system_call_and_again_in_its_recovery_it_recovers(
    launcher: Launcher, workspace: Workspace
) -> None:
    make_files(workspace.inbox, FILES)
    chance = random.Random(20261122)  # noqa: S311 - keeps no secret
    first, second = chance.sample(DEEDS, 2)
    assert killed_at(launcher, workspace, first, **ONE_PROCESS)
    killed_at(launcher, workspace, second, **ONE_PROCESS)  # where the recovery still has it to do
    assert_recovered(launcher, workspace, **ONE_PROCESS)


@pytest.mark.campaign
@pytest.mark.timeout(7200)
def test_killed_at_every_system_call_and_at_every_one_of_its_recovery_it_recovers(
    launcher: Launcher, workspace: Workspace, tmp_path_factory: pytest.TempPathFactory
) -> None:
    campaign(launcher, workspace, tmp_path_factory.mktemp("threads"), **ONE_PROCESS)


@pytest.mark.campaign
@pytest.mark.timeout(3600)
def test_with_processes_for_workers_it_recovers_from_every_system_call(
    launcher: Launcher, workspace: Workspace, tmp_path_factory: pytest.TempPathFactory
) -> None:
    settings: dict[str, object] = {"workers__executor": "processes", "workers__count": 1}
    make_files(workspace.inbox, FILES)
    spare = tmp_path_factory.mktemp("processes")
    calls = changing_calls(launcher, copy(workspace, spare / "trial"), **settings)
    for killed in sweep(launcher, workspace, spare, calls, **settings).values():
        assert_recovered(launcher, killed, **settings)
    tell("every call", **settings, calls=len(calls))
