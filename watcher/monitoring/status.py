"""The status of the watcher, seen from outside: running or not, what waits, what came, and what is wrong."""

import os
import time
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from watcher.config.settings import Config
from watcher.folders.claims import Claims
from watcher.folders.inbox import waiting
from watcher.folders.left_alone import LeftAlone, in_subfolders
from watcher.folders.locks import holder, is_held
from watcher.monitoring.state_file import Phase, State, StateFile
from watcher.store.counts import Failures, FutureRows, ResultCounts, StatusCounts
from watcher.store.database import Database, open_as_it_is
from watcher.store.inspection import wal_of
from watcher.store.references import ReferenceStore
from watcher.store.timestamps import stamp

MOST_COUNTED = 100_000
"""Files in the inbox are counted up to this number."""
SILENT_SECONDS = 150.0
"""A daemon that has not written its state for this many seconds counts as hung."""
HOUR, MINUTE = 3600.0, 60.0
AHEAD_SECONDS = 2.0
"""A row that is this much ahead of the clock is of the future."""


@dataclass(frozen=True, slots=True)
class Daemon:
    """Whether a daemon is running, and its state; times are Unix seconds.

    `state` is that of the running daemon, or else of the last one; None if it left none. `pid` and `since`
    are None if the system does not say.
    """

    running: bool
    pid: int | None
    since: float | None
    state: State | None
    now: float

    @property
    def silent(self) -> float | None:
        """Seconds without a sign of life from a running daemon, if that is too long; otherwise None.

        They are negative if the last sign is dated in the future: the clock was set back since.
        """
        if not self.running or self.state is None:
            return None
        seconds = self.now - self.state.seen
        return seconds if abs(seconds) > SILENT_SECONDS else None

    @property
    def was_cut_short(self) -> bool:
        """Whether the last daemon was killed, or lost its power."""
        over = {Phase.STOPPED, Phase.FAILED}
        return not self.running and self.state is not None and self.state.phase not in over

    @property
    def is_well(self) -> bool:
        """Whether a daemon is running and nothing is wrong with it."""
        return self.running and self.silent is None and not (self.state and self.state.troubles)


@dataclass(frozen=True, slots=True)
class Backlog:
    """How many files wait in the inbox (None if it cannot be read), and how many are claimed.

    `in_subfolders` are the files in subfolders that are not watched.
    """

    waiting: int | None
    in_hand: int
    in_subfolders: LeftAlone | None = None


@dataclass(frozen=True, slots=True)
class Work:
    """What the database says: counts of pictures by status, and the failures of today.

    `references` is how many there are of each digit. `future` counts the rows that are dated ahead of the
    clock; no other number includes them.
    """

    today: StatusCounts
    hour: StatusCounts
    minute: StatusCounts
    failures: Sequence[Failures]
    future: FutureRows
    reference_version: int | None
    references: Sequence[int]


@dataclass(frozen=True, slots=True)
class Status:
    """The status; `work` is None if there is no log yet. `today` is the last midnight (Unix seconds)."""

    daemon: Daemon
    backlog: Backlog
    work: Work | None
    today: float
    now: float


def read_status(config: Config) -> Status:
    """The status now. Makes and changes nothing. Raises OSError, DatabaseError."""
    now = time.time()
    today = datetime.fromtimestamp(now).astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
    return Status(
        _daemon(config, now), _backlog(config), _work(config, today.timestamp(), now), today.timestamp(), now
    )


def _daemon(config: Config, now: float) -> Daemon:
    state = StateFile(config.database.file).read()
    for folder in (config.cache, Claims(config.inbox.path).path):
        with suppress(FileNotFoundError, NotADirectoryError):
            if is_held(folder):
                pid = holder(folder)
                if state is not None and pid not in {None, state.pid}:
                    state = None  # another daemon wrote it, and this one wrote none
                since = state.started if state is not None else _started(pid)
                return Daemon(
                    running=True, pid=pid if state is None else state.pid, since=since, state=state, now=now
                )
    return Daemon(running=False, pid=None, since=None, state=state, now=now)


def _started(pid: int | None) -> float | None:
    """When a process began, from its entry in /proc; None if there is none."""
    try:
        return None if pid is None else os.stat(f"/proc/{pid}").st_ctime  # noqa: PTH116 - no path of ours
    except OSError:
        return None


def _backlog(config: Config) -> Backlog:
    inbox = config.inbox
    in_hand = sum(1 for _ in Claims(inbox.path).tokens())
    try:
        return Backlog(
            waiting(inbox.path, recursive=inbox.recursive, most=MOST_COUNTED),
            in_hand,
            in_subfolders(inbox.path, recursive=inbox.recursive, most=MOST_COUNTED),
        )
    except FileNotFoundError:
        return Backlog(0 if not config.database.file.exists() else None, in_hand)
    except OSError:
        return Backlog(None, in_hand)


def _work(config: Config, today: float, now: float) -> Work | None:
    file = config.database.file
    if not file.exists():
        return None
    was_closed = not wal_of(file).exists()
    work = _work_in(file, today, now)
    if was_closed and wal_of(file).exists():  # a program has begun to write it
        work = _work_in(file, today, now)
    return work


def _work_in(file: Path, today: float, now: float) -> Work:
    with closing(open_as_it_is(file)) as database:
        return _work_from(database, today, now)


def _work_from(database: Database, today: float, now: float) -> Work:
    results, references = ResultCounts(database), ReferenceStore(database)
    until = stamp(now)
    return Work(
        today=results.between(stamp(today), until),
        hour=results.between(stamp(now - HOUR), until),
        minute=results.between(stamp(now - MINUTE), until),
        failures=results.failures(stamp(today), until),
        future=results.after(stamp(now + AHEAD_SECONDS)),
        reference_version=references.version(),
        references=references.counts(),
    )
