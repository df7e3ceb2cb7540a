"""Faults that pass: the daemon stands still, logs it once, and goes on when they are over."""

import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from campaigns.processes import processor_seconds
from helpers.daemon import Daemon, Workspace, furnished, reference_picture, run
from helpers.support import make_files, wait_until

ONE_THREAD: dict[str, object] = {"workers__executor": "threads", "workers__count": 1}
RESUMED = 5.0
"""Seconds within which work goes on once the fault is gone."""


def stands_still(daemon: Daemon, seconds: float = 1.5) -> None:
    """See that it lives, logs nothing, and is almost idle; on a busy machine this may take several tries."""
    said = len(daemon.events())
    shares: list[float] = []
    while not shares or (shares[-1] >= 0.05 and len(shares) < 4):
        used, began = processor_seconds(daemon.process.pid), time.monotonic()
        while time.monotonic() < began + seconds:
            assert daemon.process.poll() is None, daemon.complaints()
            time.sleep(0.05)
        shares.append((processor_seconds(daemon.process.pid) - used) / (time.monotonic() - began))
    assert shares[-1] < 0.05, shares
    assert len(daemon.events()) == said


@pytest.fixture
def small_disk(empty_folder: Path, trained: Path) -> Iterator[Workspace]:
    """A place on a disk of its own, of 8 MB."""
    disk = empty_folder / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=8m", "none", str(disk)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("only root can mount a disk")
    try:
        (disk / "log.jsonl").symlink_to(empty_folder / "log.jsonl")
        yield furnished(disk, trained)
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)


def fill(disk: Path) -> Path:
    """Fill a disk completely. Returns the file to remove afterwards."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (2**16, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                continue
    return ballast


def drop(workspace: Workspace, count: int, prefix: str = "scan") -> list[tuple[str, bytes]]:
    """Write `count` pictures into the inbox."""
    dropped = [(f"{prefix}-{index}.jpg", reference_picture(index % 10, index % 40)) for index in range(count)]
    make_files(workspace.inbox, dict(dropped))
    return dropped


def test_while_the_disk_is_full_it_stands_still_and_then_goes_on(small_disk: Workspace) -> None:
    workspace = small_disk
    with Daemon(workspace, **ONE_THREAD) as daemon:
        dropped = drop(workspace, 1, "first")
        wait_until(lambda: workspace.filed() == 1)
        late = [(f"scan-{index}.jpg", reference_picture(index % 10, index)) for index in range(30)]
        make_files(workspace.inbox, {f".{name}": content for name, content in late})
        ballast = fill(workspace.path)
        for name, _ in late:
            (workspace.inbox / f".{name}").rename(workspace.inbox / name)
        wait_until(lambda: daemon.said("stalled"))
        stands_still(daemon)
        ballast.unlink()
        wait_until(lambda: workspace.filed() == 31, RESUMED)
        wait_until(lambda: daemon.said("going on"))
        assert len(daemon.said("stalled")) == len(daemon.said("going on")) == 1
        fault = daemon.said("stalled")[0]["fault"]
        assert "full" in fault or "No space left on device" in fault
    (workspace.path / "log.jsonl").unlink()
    workspace.audit(dropped + late)


@contextmanager
def locked(database: Path) -> Iterator[None]:
    """While in the context, another program locks the database."""
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")


def test_it_waits_for_a_locked_database(workspace: Workspace) -> None:
    with Daemon(workspace, **ONE_THREAD) as daemon:
        with locked(workspace.database):
            dropped = drop(workspace, 10)
            wait_until(lambda: daemon.said("stalled"))
            stands_still(daemon)
            assert workspace.rows() == []
        wait_until(lambda: workspace.filed() == 10, RESUMED)
        wait_until(lambda: daemon.said("going on"))
        assert daemon.said("stalled")[0]["fault"] == f"{workspace.database}: database is locked"
    workspace.audit(dropped)


def test_it_waits_for_a_database_that_was_moved_away(workspace: Workspace) -> None:
    with Daemon(workspace, **ONE_THREAD) as daemon:
        elsewhere = workspace.database.with_name("elsewhere.db")
        workspace.database.rename(elsewhere)
        dropped = drop(workspace, 10)
        wait_until(lambda: daemon.said("stalled"))
        stands_still(daemon)
        assert not workspace.database.exists()
        elsewhere.rename(workspace.database)
        wait_until(lambda: workspace.filed() == 10, RESUMED)
        assert daemon.said("stalled")[0]["fault"] == (
            f"{workspace.database}: it was removed or replaced while in use; put it back, "
            "or restart the watcher to use what is there now"
        )
    workspace.audit(dropped)


def test_a_start_after_the_database_was_replaced_puts_what_was_in_hand_into_the_new_one(
    workspace: Workspace,
) -> None:
    with Daemon(workspace, **ONE_THREAD) as daemon:
        other = workspace.database.with_name("other.db")
        shutil.copy(workspace.database, other)
        other.replace(workspace.database)
        dropped = drop(workspace, 10)
        wait_until(lambda: daemon.said("stalled"))
        daemon.kill()
    run(workspace.path, "run", "--once", workers__executor="threads")
    workspace.audit(dropped)


def test_asked_to_stop_while_it_stands_still_it_stops_and_the_next_start_goes_on(
    workspace: Workspace,
) -> None:
    with Daemon(workspace, **ONE_THREAD) as daemon, locked(workspace.database):
        dropped = drop(workspace, 10)
        wait_until(lambda: daemon.said("stalled"))
        asked = time.monotonic()
        daemon.stop()
        assert time.monotonic() - asked < 5
    assert daemon.said("stopped")[0]["left_claimed"] == len(list(workspace.claimed.rglob("*.*"))) > 0
    run(workspace.path, "run", "--once", workers__executor="threads")
    workspace.audit(dropped)


def test_it_waits_for_a_folder_of_the_outbox_that_became_a_file(workspace: Workspace) -> None:
    with Daemon(workspace, **ONE_THREAD) as daemon:
        (workspace.outbox / "7").rmdir()
        (workspace.outbox / "7").write_bytes(b"")
        (workspace.inbox / "seven.jpg").write_bytes(reference_picture(7))
        wait_until(lambda: daemon.said("stalled"))
        (workspace.outbox / "7").unlink()
        wait_until(lambda: workspace.row("seven.jpg"), RESUMED)
    assert daemon.said("stalled")[0]["fault"] == f"{workspace.outbox}/7: Not a directory"
    workspace.audit([("seven.jpg", reference_picture(7))])


LINGERER = """\
import sqlite3, sys
connection = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True, isolation_level=None)
connection.execute("BEGIN")
connection.execute("SELECT count(*) FROM results").fetchall()
print("reading", flush=True)
sys.stdin.read()
"""


@contextmanager
def lingering(database: Path) -> Iterator[None]:
    """While in the context, another process keeps reading the database as it is now."""
    command = [sys.executable, "-c", LINGERER, str(database)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as reader:
        assert reader.stdout
        assert reader.stdout.readline() == b"reading\n"
        yield
        reader.communicate()


def test_a_reader_that_lingers_delays_nothing_and_leaves_no_long_log(workspace: Workspace) -> None:
    log = Path(f"{workspace.database}-wal")
    with Daemon(workspace, **ONE_THREAD) as daemon:
        with lingering(workspace.database):
            dropped = drop(workspace, 100)
            wait_until(lambda: workspace.filed() == 100)
            with closing(sqlite3.connect(workspace.database)) as connection, connection:
                connection.execute("CREATE TABLE notes (note BLOB)")
                connection.execute("INSERT INTO notes VALUES (zeroblob(?))", [70 * 2**20])
            wait_until(lambda: daemon.said("the database's log grows"))
            assert log.stat().st_size > 64 * 2**20
        wait_until(lambda: log.stat().st_size == 0)
        wait_until(lambda: daemon.said("the database's log is short again"))
        assert daemon.said("stalled") == []
        assert len(daemon.said("the database's log grows")) == 1
    workspace.audit(dropped)
