"""The heartbeat: the daemon reports its state to the service manager and to `watcher status`."""

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
"""Seconds that the service manager grants a start, counted again from each progress."""
STATUS_SECONDS = 1.0
"""Seconds between two status lines to the service manager, at least."""
SEEN_SECONDS = 60.0
"""Seconds after which an idle daemon writes its state file again."""
COUNT_SECONDS = 5.0
"""Seconds between two counts of the files that wait, while there is work."""
MOST_COUNTED = 10_000
LATE_SECONDS = 60.0
"""Seconds by which a batch may be late before the workers count as hung, if no watchdog sets the limit."""


class Workload(NamedTuple):
    """How many pictures are claimed, and by how many seconds the workers are late (negative: in time)."""

    claimed: int
    seconds_late: float


class Heartbeat:
    """Belongs to the one thread that does the daemon's work: each beat shows that this thread makes progress.

    `waiting` counts the files in the inbox, up to the number it is given. `dropped_lines` counts the log
    lines that could not be written.
    """

    def __init__(
        self,
        notifier: Notifier,
        conditions: Conditions,
        waiting: Callable[[int], int],
        dropped_lines: Callable[[], int] = lambda: 0,
    ) -> None:
        self._notifier = notifier
        self._conditions = conditions
        self._waiting = waiting
        self._dropped_lines = dropped_lines
        self._file: StateFile | None = None
        now = time.time()
        self._state = State(os.getpid(), Phase.STARTING, now, now)
        self._unreachable = Condition(
            conditions, "the service manager cannot be told", "the service manager is told"
        )
        self._hung = Condition(conditions, "workers do not come back", "workers come back again")
        period = notifier.watchdog_seconds
        self._grace = LATE_SECONDS if period is None else period
        self._pace = LATE_SECONDS / 2 if period is None else period / 4
        self._next_status = 0.0
        self._next_alive = 0.0
        self._last_fault: Fault | None = None
        self._next_count = 0.0
        self._backlog = 0

    def write_to(self, file: StateFile) -> None:
        """Write the state to this file from now on. Call it once no other daemon can be writing it."""
        self._file = file
        self._write()

    def starting(self, *_: object) -> None:
        """The start makes progress."""
        now = time.monotonic()
        if now >= self._next_status:
            self._next_status = now + STATUS_SECONDS
            self._notifier.extend_start(START_SECONDS)

    def ready(self) -> None:
        """The daemon works now; also after `reloading`."""
        self._notifier.ready()
        self._enter(Phase.READY)

    def reloading(self) -> None:
        """The daemon reads its settings again; `ready` ends this."""
        self._notifier.reloading()

    def stopping(self) -> None:
        """The daemon stops: it claims nothing more."""
        self._notifier.stopping()
        self._enter(Phase.STOPPING)

    def ended(self, fault: str | None = None) -> None:
        """The daemon ends, because of `fault` or because it was asked to."""
        phase = Phase.STOPPED if fault is None else Phase.FAILED
        self._state = replace(self._state, ended_by=None if fault is None else fault[:LONGEST_WORDS])
        self._enter(phase)

    @property
    def pause(self) -> float:
        """Seconds until the next sign of life; it comes with a status line, never before one is due."""
        return max(0.0, self._next_alive - time.monotonic(), self._next_status - time.monotonic())

    def beat(self, work: Workload, pictures: int) -> bool:
        """Report the state, if that is due. Returns True if a sign of life was due: then try the pool."""
        now = time.monotonic()
        is_new_fault = self._conditions.last is not self._last_fault
        if now < self._next_status and not is_new_fault:
            return False
        self._next_status = now + min(STATUS_SECONDS, self._pace)
        self._notify(work, pictures)
        is_old = abs(time.time() - self._state.seen) >= SEEN_SECONDS
        if is_new_fault or is_old or self._dropped_lines() != self._state.dropped_lines:
            self._write_faults()
        if now < self._next_alive:
            return False
        self._next_alive = now + self._pace
        if work.seconds_late < self._grace:
            self._hung.clear()
            self._notifier.alive()
        else:
            self._hung.raise_("a restart puts what they have in hand through again")
        return True

    def _write_faults(self) -> None:
        last = self._last_fault = self._conditions.last
        if last is not None:
            last = replace(last, fault=last.fault[:LONGEST_WORDS])
        self._state = replace(
            self._state, seen=time.time(), troubles=len(self._conditions.open), last_fault=last
        )
        self._write()

    def _notify(self, work: Workload, pictures: int) -> None:
        if not self._notifier.has_manager:
            return
        self._notifier.status(self._status_line(work, pictures))
        if self._notifier.fault is None:
            self._unreachable.clear()
        else:
            self._unreachable.raise_(self._notifier.fault)

    def _status_line(self, work: Workload, pictures: int) -> str:
        if self._conditions.open:
            return f"{_one_line(self._conditions.open[-1])}; {self._workload(work)}"
        if work.claimed:
            return f"sorting: {self._workload(work)}"
        self._backlog = 0
        return f"waiting for pictures; {counted(pictures, 'picture')} sorted since the start"

    def _workload(self, work: Workload) -> str:
        now = time.monotonic()
        if now >= self._next_count:
            self._next_count = now + COUNT_SECONDS
            with suppress(OSError):
                self._backlog = self._waiting(MOST_COUNTED)
        more = " or more" if self._backlog >= MOST_COUNTED else ""
        return f"{work.claimed:,} in hand, {self._backlog:,}{more} waiting in the inbox"

    def _enter(self, phase: Phase) -> None:
        self._state = replace(self._state, phase=phase, seen=time.time())
        self._write()

    def _write(self) -> None:
        self._state = replace(self._state, dropped_lines=self._dropped_lines())
        if self._file is not None:
            with suppress(OSError):  # a reader sees how old it is
                self._file.write(self._state)


def _one_line(fault: Fault) -> str:
    return printable(f"{fault.event}: {fault.fault}")
