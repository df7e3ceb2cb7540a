"""How the watcher is, asked from outside: at work or not, what waits, what came, what is amiss."""

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
"""So many files in the inbox are counted; more are that many."""
SILENT_SECONDS = 150.0
"""A daemon that has written for so long that it lives may be taken for hung."""
HOUR, MINUTE = 3600.0, 60.0
AHEAD_SECONDS = 2.0
"""A row that is this much ahead of the clock is of the future."""


@dataclass(frozen=True, slots=True)
class Daemon:
    """Whether one is at work, and what it left said of itself; times are Unix seconds.

    `state` is that of the one at work, or of the last that was; None where it says nothing. `pid` and `since`
    are None where the system does not tell.
    """

    running: bool
    pid: int | None
    since: float | None
    state: State | None
    now: float

    @property
    def silent(self) -> float | None:
        """For how many seconds one at work has shown no sign of life, where that is too long.

        If its last sign is of the future, the clock was set back since, and the seconds are negative.
        """
        if not self.running or self.state is None:
            return None
        seconds = self.now - self.state.seen
        return seconds if abs(seconds) > SILENT_SECONDS else None

    @property
    def was_cut_short(self) -> bool:
        """Whether the last one ended without saying so: it was killed, or the power went."""
        over = {Phase.STOPPED, Phase.FAILED}
        return not self.running and self.state is not None and self.state.phase not in over

    @property
    def is_well(self) -> bool:
        """Whether one is at work and nothing is amiss with it."""
        return self.running and self.silent is None and not (self.state and self.state.troubles)


@dataclass(frozen=True, slots=True)
class Backlog:
    """How many files wait in the inbox, None where it cannot be looked at; and how many are claimed.

    `in_subfolders` are the files in subfolders that are not watched.
    """

    waiting: int | None
    in_hand: int
    in_subfolders: LeftAlone | None = None


@dataclass(frozen=True, slots=True)
class Work:
    """What the log says: of today, of the last hour and minute; why pictures failed today; the references.

    `future` counts the rows that a clock dated ahead of now; they are in none of the other numbers.
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
    """All of it; `work` is None where there is no log yet. `today` is when today began, in Unix seconds."""

    daemon: Daemon
    backlog: Backlog
    work: Work | None
    today: float
    now: float


def look(config: Config) -> Status:
    """How the watcher is now; nothing is made or changed. Raises OSError, DatabaseError."""
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
                    state = None  # it is another's, which wrote none
                since = state.started if state is not None else _started(pid)
                return Daemon(
                    running=True, pid=pid if state is None else state.pid, since=since, state=state, now=now
                )
    return Daemon(running=False, pid=None, since=None, state=state, now=now)


def _started(pid: int | None) -> float | None:
    """When a process began, as its entry in /proc says."""
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
    if was_closed and wal_of(file).exists():  # somebody began to write it meanwhile
        work = _work_in(file, today, now)
    return work


def _work_in(file: Path, today: float, now: float) -> Work:
    with closing(open_as_it_is(file)) as database:
        return _asked(database, today, now)


def _asked(database: Database, today: float, now: float) -> Work:
    tallies, references = ResultCounts(database), ReferenceStore(database)
    until = stamp(now)
    return Work(
        today=tallies.between(stamp(today), until),
        hour=tallies.between(stamp(now - HOUR), until),
        minute=tallies.between(stamp(now - MINUTE), until),
        failures=tallies.failures(stamp(today), until),
        future=tallies.after(stamp(now + AHEAD_SECONDS)),
        reference_version=references.version(),
        references=references.counts(),
    )
