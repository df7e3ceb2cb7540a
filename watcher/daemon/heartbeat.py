"""What the daemon says of itself: to the service manager, and to who asks by `watcher status`."""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import NamedTuple

from watcher.daemon.systemd.notify import Notifier
from watcher.monitoring.faults import Condition, Conditions, Fault
from watcher.monitoring.state_file import LONGEST_WORDS, Phase, State, StateFile
from watcher.text import counted, printable

START_SECONDS = 60.0
"""How much longer a start may take whenever it gets on."""
WORD_SECONDS = 1.0
"""How often it says what it does, at most."""
SEEN_SECONDS = 60.0
"""How often a daemon to which nothing happens writes that it lives."""
COUNT_SECONDS = 5.0
"""How often it is counted what waits, while something does."""
MOST_COUNTED = 10_000
LATE_SECONDS = 60.0
"""For how long something may be due from the workers before that is trouble, where no watchdog says."""


class Workload(NamedTuple):
    """How many pictures are in hand, and how long something has been due from the workers, in seconds."""

    claimed: int
    seconds_late: float


class Heartbeat:
    """For the one thread that does the daemon's work: that it gets to say anything shows that it gets on.

    `waiting` counts what lies in the inbox, so many at most.
    """

    def __init__(self, notifier: Notifier, conditions: Conditions, waiting: Callable[[int], int]) -> None:
        self._notifier = notifier
        self._conditions = conditions
        self._waiting = waiting
        self._file: StateFile | None = None
        now = time.time()
        self._state = State(os.getpid(), Phase.STARTING, now, now)
        self._unheard = Condition(
            conditions, "the service manager cannot be told", "the service manager is told"
        )
        self._frozen = Condition(conditions, "workers do not come back", "workers come back again")
        period = notifier.watchdog_seconds
        self._grace = LATE_SECONDS if period is None else period
        self._pace = LATE_SECONDS / 2 if period is None else period / 4
        self._next_word = 0.0
        self._next_sign = 0.0
        self._last: Fault | None = None
        self._next_count = 0.0
        self._backlog = 0

    def keep_in(self, file: StateFile) -> None:
        """From now on, write the state to a file; not before it is sure that no other daemon does."""
        self._file = file
        self._write()

    def getting_ready(self, *_: object) -> None:
        """The start gets on."""
        now = time.monotonic()
        if now >= self._next_word:
            self._next_word = now + WORD_SECONDS
            self._notifier.longer(START_SECONDS)

    def ready(self) -> None:
        """It has begun to work."""
        self._notifier.ready()
        self._turn(Phase.READY)

    def reloading(self) -> None:
        """It reads its settings anew; `ready` says that it has."""
        self._notifier.reloading()

    def stopping(self) -> None:
        """It claims nothing more."""
        self._notifier.stopping()
        self._turn(Phase.STOPPING)

    def ended(self, fault: str | None = None) -> None:
        """It ends, because of a fault or because it was asked to."""
        phase = Phase.STOPPED if fault is None else Phase.FAILED
        self._state = replace(self._state, ended_by=None if fault is None else fault[:LONGEST_WORDS])
        self._turn(phase)

    @property
    def pause(self) -> float:
        """Seconds until `tell` is to give the next sign of life; before the next word it gives none."""
        return max(0.0, self._next_sign - time.monotonic(), self._next_word - time.monotonic())

    def tell(self, work: Workload, pictures: int) -> bool:
        """Say how it is, now and then. Whether a sign of life was due, and the pool should be tried."""
        now = time.monotonic()
        is_news = self._conditions.last is not self._last
        if now < self._next_word and not is_news:
            return False
        self._next_word = now + min(WORD_SECONDS, self._pace)
        self._tell_manager(work, pictures)
        if is_news or abs(time.time() - self._state.seen) >= SEEN_SECONDS:
            self._keep_troubles()
        if now < self._next_sign:
            return False
        self._next_sign = now + self._pace
        if work.seconds_late < self._grace:
            self._frozen.clear()
            self._notifier.alive()
        else:
            self._frozen.raise_("a restart puts what they have in hand through again")
        return True

    def _keep_troubles(self) -> None:
        last = self._last = self._conditions.last
        if last is not None:
            last = replace(last, fault=last.fault[:LONGEST_WORDS])
        self._state = replace(
            self._state, seen=time.time(), troubles=len(self._conditions.open), last_fault=last
        )
        self._write()

    def _tell_manager(self, work: Workload, pictures: int) -> None:
        if not self._notifier.is_heard:
            return
        self._notifier.status(self._words(work, pictures))
        if self._notifier.fault is None:
            self._unheard.clear()
        else:
            self._unheard.raise_(self._notifier.fault)

    def _words(self, work: Workload, pictures: int) -> str:
        if self._conditions.open:
            return f"{_words_of(self._conditions.open[-1])}; {self._load(work)}"
        if work.claimed:
            return f"sorting: {self._load(work)}"
        self._backlog = 0
        return f"waiting for pictures; {counted(pictures, 'picture')} sorted since the start"

    def _load(self, work: Workload) -> str:
        now = time.monotonic()
        if now >= self._next_count:
            self._next_count = now + COUNT_SECONDS
            with suppress(OSError):
                self._backlog = self._waiting(MOST_COUNTED)
        more = " or more" if self._backlog >= MOST_COUNTED else ""
        return f"{work.claimed:,} in hand, {self._backlog:,}{more} waiting in the inbox"

    def _turn(self, phase: Phase) -> None:
        self._state = replace(self._state, phase=phase, seen=time.time())
        self._write()

    def _write(self) -> None:
        if self._file is not None:
            with suppress(OSError):  # who reads it sees how old it is
                self._file.write(self._state)


def _words_of(fault: Fault) -> str:
    return printable(f"{fault.event}: {fault.fault}")
