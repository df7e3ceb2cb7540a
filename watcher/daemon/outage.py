"""A stall: work waits for a fault of its surroundings to pass, and tries again with growing pauses."""

import time
from collections.abc import Callable

from watcher.monitoring.faults import Condition
from watcher.text import error_text

FIRST_PAUSE = 0.1
LONGEST_PAUSE = 2.0
"""Seconds between two tries: how long after the fault is gone work may still stand, and what trying costs."""


class Outage:
    """Whether work stands still, why, since when, and until when; said when it begins and when it is over."""

    def __init__(self, condition: Condition, clock: Callable[[], float] = time.monotonic) -> None:
        self._condition = condition
        self._clock = clock
        self._pause = 0.0
        self._since = 0.0
        self._next_try = 0.0
        self.fault: str | None = None

    @property
    def seconds(self) -> float:
        """How long work has stood still; 0 while it does not."""
        return 0.0 if self.fault is None else self._clock() - self._since

    @property
    def rest(self) -> float:
        """Seconds until the next try; 0 while nothing is amiss."""
        return 0.0 if self.fault is None else max(0.0, self._next_try - self._clock())

    def met(self, fault: Exception) -> None:
        """A fault came in the way, for the first time or again."""
        now = self._clock()
        if self.fault is None:
            self._since, self._pause = now, FIRST_PAUSE
            self._condition.raise_(error_text(fault))
        else:
            self._pause = min(2 * self._pause, LONGEST_PAUSE)
        self.fault = error_text(fault)
        self._next_try = now + self._pause

    def try_now(self) -> None:
        """Rest no longer before the next try."""
        self._next_try = self._clock()

    def over(self) -> None:
        """What was tried was done."""
        if self.fault is not None:
            self._condition.clear(seconds=round(self.seconds, 1))
            self.fault = None
