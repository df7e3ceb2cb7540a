"""Check the machine: free disk space, its clock, the limit of open files, and the versions of programs."""

import os
import platform
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from watcher.config.settings import Config
from watcher.errors import WatcherError
from watcher.maintenance.doctor.findings import Finding, megabytes, ok, shown, warn, wrong
from watcher.store.counts import FutureRows, ResultCounts
from watcher.store.database import open_as_it_is
from watcher.store.inspection import SQLITE, TWO_WRITERS_SAFE
from watcher.store.timestamps import stamp
from watcher.text import counted

LITTLE_SPACE, LEAST_SPACE = 500 * 10**6, 20 * 10**6
FEW_INODES, FEWEST_INODES = 10_000, 100
FEW_DESCRIPTORS, FEWEST_DESCRIPTORS = 256, 64
SECONDS_APART = 2.0
LIBRARIES = ("numpy", "opencv-python-headless", "pillow", "sqlalchemy", "watchdog")


def space(config: Config) -> Iterator[Finding]:
    """How much space is free on each disk that is used."""
    disks: dict[int, tuple[list[str], Path]] = {}
    folders = {
        "inbox": config.inbox.path,
        "outbox": config.outbox.path,
        "database": config.database.file.parent,
    }
    for name, path in folders.items():
        there = path if path.exists() else next(parent for parent in path.parents if parent.exists())
        disks.setdefault(there.stat().st_dev, ([], there))[0].append(name)
    for names, path in disks.values():
        yield _room(", ".join(names), path)


def clock(config: Config) -> Iterator[Finding]:
    """Whether the times in the log will be right."""
    what, inbox = "clock", config.inbox.path
    apart = 0.0
    agreed = "the disk agrees"
    if inbox.is_dir() and not os.access(inbox, os.W_OK | os.X_OK):
        agreed = "not compared with the inbox's disk: see inbox above"
    elif inbox.is_dir():
        with tempfile.TemporaryFile(dir=inbox, prefix=".watcher-probe-", buffering=0) as probe:
            probe.write(b"\0")
            apart = os.fstat(probe.fileno()).st_mtime - time.time()
    future = _future_rows(config.database.file)
    if future.rows and future.newest is not None:
        newest = future.newest[:19].replace("T", " ")
        yield warn(
            what,
            f"{counted(future.rows, 'row')} of the log {_is(future.rows)} ahead of it, up to {newest} UTC",
            "the clock was ahead, and was set back; synchronize it by NTP. "
            "Figures leave these rows out until their time comes",
        )
    elif abs(apart) > SECONDS_APART:
        yield warn(
            what,
            f"the clock of the inbox's disk differs by {apart:+,.1f} s",
            "synchronize both machines' clocks by NTP; otherwise times in the log are wrong",
        )
    else:
        yield ok(what, f"{time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime())} UTC; {agreed}")


def descriptors(_config: Config) -> Iterator[Finding]:
    """How many files a process may have open at the same time."""
    import resource  # noqa: PLC0415 - exists on POSIX systems only

    what, limit = "open files", resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if limit == resource.RLIM_INFINITY:
        yield ok(what, "no limit")
    elif limit >= FEW_DESCRIPTORS:
        yield ok(what, f"{limit:,} allowed")
    else:
        judge = wrong if limit < FEWEST_DESCRIPTORS else warn
        yield judge(what, f"{limit:,} allowed", "`ulimit -n 1024`, or LimitNOFILE=1024 in the service's unit")


def programs(_config: Config) -> Iterator[Finding]:
    """The versions of Python, the libraries and SQLite."""
    yield ok("python", f"{platform.python_version()}, {platform.platform()}")
    yield ok("libraries", ", ".join(f"{name} {_version(name)}" for name in LIBRARIES))
    if SQLITE < TWO_WRITERS_SAFE:
        note = f"; before {_dotted(TWO_WRITERS_SAFE)} two writers may damage a database; a lock prevents that"
    else:
        note = ""
    yield ok("sqlite", f"{_dotted(SQLITE)}{note}")


def _room(names: str, path: Path) -> Finding:
    disk = os.statvfs(path)
    free, inodes = disk.f_bavail * disk.f_frsize, disk.f_favail
    what, figure = "space", f"{names}: {megabytes(free)} free"
    if disk.f_files:  # 0 on disks that make inodes when they are needed
        figure += f", room for {counted(inodes, 'file')}"
    if free < LEAST_SPACE or (disk.f_files and inodes < FEWEST_INODES):
        return wrong(what, figure, f"free space on the disk of {shown(path)}; until then pictures wait")
    if free < LITTLE_SPACE or (disk.f_files and inodes < FEW_INODES):
        return warn(what, figure, f"free space on the disk of {shown(path)} soon")
    return ok(what, figure)


def _future_rows(file: Path) -> FutureRows:
    """The rows of the log that the clock has not reached; none if the log cannot be read."""
    if file.exists():
        with (
            suppress(WatcherError),
            closing(open_as_it_is(file)) as database,
        ):
            return ResultCounts(database).after(stamp(time.time() + SECONDS_APART))
    return FutureRows(0, None)


def _is(number: int) -> str:
    return "is" if number == 1 else "are"


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return "missing"


def _dotted(numbers: tuple[int, ...]) -> str:
    return ".".join(map(str, numbers))
