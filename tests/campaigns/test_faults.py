"""Faults that pass: a system call that fails once or for a while, and a disk that is full until it is not."""

import errno
import os
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from campaigns import disks, strace
from campaigns.disks import made, mounted
from campaigns.figures import tell
from campaigns.processes import processor_seconds
from campaigns.producer import content
from campaigns.scanner import Scanner
from campaigns.strace import ONE_PROCESS, injected
from helpers.daemon import Daemon, Workspace, furnished, reference_picture
from helpers.support import make_files, wait_until

ERRORS = ("EIO", "ENOSPC", "EROFS", "EMFILE", "EDQUOT")
CALLS = (
    *("mkdir", "rename", "openat", "read", "syncfs", "pwrite64", "fdatasync", "linkat", "unlink"),
    *("rmdir", "getdents64"),
)
"""The kinds of calls that the daemon makes while it works, in about the order of a file's filing."""

RESUMED_SECONDS = 5.0
MOST_BUSY = 0.05
STALL_SECONDS = 3.0

needs_strace = pytest.mark.skipif(strace.why_not() is not None, reason=str(strace.why_not()))
needs_disks = pytest.mark.skipif(disks.why_not() is not None, reason=str(disks.why_not()))


def seconds_until_more_is_filed(daemon: Daemon, dropped: int) -> float:
    """From now until it has filed as much as was dropped by now."""
    start = time.monotonic()
    wait_until(
        lambda: daemon.workspace.filed() >= dropped or daemon.process.poll() is not None, 60, pause=0.05
    )
    assert daemon.process.poll() is None, daemon.complaints()
    return time.monotonic() - start


def busy_while_it_stands_still(daemon: Daemon, fault: str, rate: float) -> float:
    """Have every such call fail for a while; the share of a processor that the daemon takes meanwhile.

    0 where it goes on without such calls: what files come is its work then.
    """
    with injected(daemon.process.pid, fault):
        used, filed = processor_seconds(daemon.process.pid), daemon.workspace.filed()
        time.sleep(STALL_SECONDS)
        assert daemon.process.poll() is None, (fault, daemon.complaints())
        busy = (processor_seconds(daemon.process.pid) - used) / STALL_SECONDS
        return busy if daemon.workspace.filed() - filed < rate * STALL_SECONDS / 2 else 0.0


def campaign(workspace: Workspace, calls: tuple[str, ...], errors: tuple[str, ...], rate: float) -> None:
    """Each call fails with each error: first a single one, then all for some seconds."""
    chance = random.Random(5)  # noqa: S311 - keeps no secret
    slowest, busiest = (0.0, ""), (0.0, "")
    with Daemon(workspace, **ONE_PROCESS) as daemon:
        with Scanner(workspace, rate=rate) as scanner:
            for call in calls:
                for error in errors:
                    fault = f"{call}:error={error}"
                    number = chance.randint(1, 6)
                    with injected(daemon.process.pid, f"{fault}:when={number}"):
                        time.sleep(chance.uniform(0.2, 0.6))
                    busy = busy_while_it_stands_still(daemon, fault, rate)
                    if busy >= MOST_BUSY:  # another process may have been in its way
                        busy = min(busy, busy_while_it_stands_still(daemon, fault, rate))
                    busiest = max(busiest, (round(busy, 3), f"{call} {error}"))
                    seconds = seconds_until_more_is_filed(daemon, len(scanner.dropped()))
                    slowest = max(slowest, (round(seconds, 2), f"{call} {error}"))
                    assert seconds <= RESUMED_SECONDS, (call, error)
            dropped = scanner.stop()
        wait_until(lambda: workspace.filed() == len(dropped), 60)
    with Daemon(workspace, **ONE_PROCESS):
        pass  # a start removes the empty folders of batches that could not be removed
    workspace.audit_digests(dropped)
    tell(
        "faults",
        calls=len(calls),
        errors=len(errors),
        files=len(dropped),
        slowest_resume=slowest,
        busiest=busiest,
    )
    assert busiest[0] < MOST_BUSY, busiest


@needs_strace
@pytest.mark.campaign
def test_a_full_disk_is_waited_out(workspace: Workspace) -> None:
    campaign(workspace, ("linkat",), ("ENOSPC",), rate=20)


@needs_strace
@pytest.mark.campaign
@pytest.mark.timeout(3600)
def test_every_call_may_fail_with_every_error(workspace: Workspace) -> None:
    campaign(workspace, CALLS, ERRORS, rate=10)


@contextmanager
def filled(disk: Path) -> Iterator[None]:
    """A disk with no byte left."""
    filler = disk / "filler"
    try:
        with filler.open("wb", buffering=0) as file:
            for size in (2**16, 2**12, 2**10, 1):
                try:
                    while True:
                        file.write(b"\1" * size)
                except OSError as error:
                    assert error.errno == errno.ENOSPC  # noqa: PT017 - it ends by filling up
            os.fsync(file.fileno())
        yield
    finally:
        filler.unlink()


@needs_disks
@pytest.mark.campaign
@pytest.mark.parametrize(("megabytes", "whole"), [(8, False), (24, True)], ids=["folders", "all"])
def test_a_disk_that_fills_up_and_is_freed(
    tmp_path: Path, trained: Path, megabytes: int, *, whole: bool
) -> None:
    """The files come while the disk is full; they were written before."""
    with mounted(made(tmp_path / "disk.img", megabytes=megabytes), tmp_path / "disk") as disk:
        workspace = furnished(disk / "workspace" if whole else tmp_path / "place", trained)
        settings = dict(ONE_PROCESS)
        if not whole:
            workspace.inbox, workspace.outbox = disk / "inbox", disk / "outbox"
            workspace.claimed = workspace.inbox / ".claimed"
            settings |= {"inbox__path": str(workspace.inbox), "outbox__path": str(workspace.outbox)}
        files = {f"{index}.jpg": content(reference_picture(index % 10), f"{index}") for index in range(40)}
        files |= {f"{index}.txt": f"no picture {index}".encode() for index in range(8)}
        make_files(disk / "beside", files)
        with Daemon(workspace, **settings) as daemon:
            with filled(disk):
                for name in files:
                    (disk / "beside" / name).rename(workspace.inbox / name)
                time.sleep(1)
                before = processor_seconds(daemon.process.pid)
                time.sleep(2 * STALL_SECONDS)
                busy = (processor_seconds(daemon.process.pid) - before) / (2 * STALL_SECONDS)
                filed = workspace.filed()
            seconds = seconds_until_more_is_filed(daemon, len(files))
        workspace.audit(files.items())
    tell(
        "full disk",
        megabytes=megabytes,
        filed_while_full=filed,
        resumed_after=round(seconds, 2),
        busy=round(busy, 3),
    )
    assert filed < len(files)
    assert seconds <= RESUMED_SECONDS
    assert busy < MOST_BUSY
