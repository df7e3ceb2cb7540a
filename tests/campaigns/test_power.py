"""Cutting the power: what had reached the disk at a random moment is all that is left, and it is enough.

The disk is an image in a file, and that file lies on a second disk. While the second one is frozen nothing
reaches the first, so a copy of the image is what a power cut at that moment leaves: what the kernel still
held back is not in it. The copy is mounted, which replays the journal, and the daemon is started on it.
"""

import random
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from hashlib import sha256
from pathlib import Path

import pytest
from campaigns import disks, strace
from campaigns.audit import Drop
from campaigns.disks import frozen, made, mounted
from campaigns.figures import tell
from campaigns.scanner import Scanner
from campaigns.strace import ONE_PROCESS
from helpers.daemon import Daemon, Workspace, furnished
from helpers.support import wait_until

pytestmark = pytest.mark.skipif(disks.why_not() is not None, reason=str(disks.why_not()))

CHANCE = random.Random(50)  # noqa: S311 - keeps no secret


class Disk:
    """A place on a disk whose power can be cut."""

    def __init__(self, outer: Path, workspace: Workspace, spare: Path) -> None:
        self.workspace = workspace
        self._outer = outer
        self._spare = spare

    @contextmanager
    def cut(self) -> Iterator[Workspace]:
        """What would be left of the place if the power failed now."""
        copy = self._spare / "cut.img"
        with frozen(self._outer):
            subprocess.run(["cp", "--sparse=always", self._outer / "disk.img", copy], check=True)
        with mounted(copy, self._spare / "cut") as disk:
            yield Workspace(disk / "workspace")


@pytest.fixture
def disk(tmp_path: Path, trained: Path) -> Iterator[Disk]:
    with (
        mounted(made(tmp_path / "outer.img", megabytes=1024), tmp_path / "outer") as outer,
        mounted(made(outer / "disk.img", megabytes=768), tmp_path / "disk") as inner,
    ):
        workspace = furnished(inner / "workspace", trained)
        subprocess.run(["sync", "--file-system", inner], check=True)
        yield Disk(outer, workspace, tmp_path)


def said_filed(daemon: Daemon) -> set[str]:
    return {said["destination"] for said in daemon.said("picture")}


def lies_of(workspace: Workspace, said: set[str]) -> list[str]:
    """Destinations that were said or marked to be filed at, where the file is not what the log says it is."""
    with closing(sqlite3.connect(workspace.database)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        marked = dict(
            connection.execute(
                "SELECT destination, sha256 FROM results WHERE filed_at IS NOT NULL"
            ).fetchall()
        )
    return [name for name in said | marked.keys() if digest(workspace.outbox / name) != marked.get(name)]


def digest(path: Path) -> str | None:
    return sha256(path.read_bytes()).hexdigest() if path.exists() else None


def held(workspace: Workspace) -> list[Drop]:
    """What the disk holds: all that was recorded, and what waits without a row, as it is."""
    rows = workspace.rows()
    recorded = {row["claim"] for row in rows}
    drops = [(row["name"], row["sha256"]) for row in rows]
    for path in workspace.inbox.rglob("*"):
        if path.is_file() and not path.name.startswith("."):
            token = (
                str(path.relative_to(workspace.claimed)) if path.is_relative_to(workspace.claimed) else None
            )
            if token not in recorded:
                drops.append((path.name, sha256(path.read_bytes()).hexdigest()))
    return drops


def restart(workspace: Workspace) -> None:
    """Start the daemon on what the power cut left, and audit."""
    for part in workspace.inbox.glob(".scan*"):
        part.unlink()  # the scanner's own, which it never finished
    drops = held(workspace)
    with Daemon(workspace, **ONE_PROCESS):
        wait_until(lambda: workspace.filed() == len(drops), 120)
    workspace.audit_digests(drops)


def campaign(disk: Disk, *, cuts: int) -> None:
    filed = waiting = 0
    with Daemon(disk.workspace, **ONE_PROCESS) as daemon:
        with Scanner(
            disk.workspace, rate=30, manifest=disk.workspace.path.parents[1] / "manifest.jsonl"
        ) as scanner:
            for _ in range(cuts):
                time.sleep(CHANCE.uniform(0.1, 0.5))
                said = said_filed(daemon)
                with disk.cut() as left:
                    assert not lies_of(left, said)
                    filed += left.filed()
                    waiting += len(left.waiting())
                    restart(left)
            dropped = scanner.stop()
        wait_until(lambda: disk.workspace.filed() == len(dropped), 120)
    shutil.rmtree(disk.workspace.path / "beside")
    disk.workspace.audit_digests(dropped)
    tell("power cuts", cuts=cuts, dropped=len(dropped), filed_at_cuts=filed, waiting_at_cuts=waiting)


def test_after_a_power_cut_every_filed_file_is_whole(disk: Disk) -> None:
    campaign(disk, cuts=1)


@pytest.mark.campaign
@pytest.mark.timeout(3600)
def test_after_fifty_power_cuts_every_filed_file_is_whole(disk: Disk) -> None:
    campaign(disk, cuts=50)


@pytest.mark.campaign
@pytest.mark.skipif(strace.why_not() is not None, reason=str(strace.why_not()))
def test_without_the_flush_filed_files_would_be_lost(disk: Disk) -> None:
    with (
        Daemon(disk.workspace, **ONE_PROCESS) as daemon,
        strace.injected(daemon.process.pid, "syncfs:retval=0"),
    ):
        with Scanner(disk.workspace, rate=30, manifest=disk.workspace.path.parents[1] / "manifest.jsonl"):
            wait_until(lambda: disk.workspace.filed() > 200, 30)
            with disk.cut() as left:
                lies = lies_of(left, set())
                filed = left.filed()
        tell("power cut without the flush", filed_at_cut=filed, empty_or_altered=len(lies))
        assert lies
