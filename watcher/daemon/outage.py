"""An outage: work waits for a fault to pass, and tries again after growing pauses."""

import time
from collections.abc import Callable

from watcher.monitoring.faults import Condition
from watcher.text import error_text

FIRST_PAUSE = 0.1
LONGEST_PAUSE = 2.0
"""Seconds between two tries. Longer ones delay work after the fault; shorter ones cost more tries."""


class Outage:
    """Whether work stands still, why and since when; its begin and its end are logged.

    `fault` is None while work goes on.
    """

    def __init__(self, condition: Condition, clock: Callable[[], float] = time.monotonic) -> None:
        self._condition = condition
        self._clock = clock
        self._backoff = 0.0
        self._since = 0.0
        self._next_try = 0.0
        self.fault: str | None = None

    @property
    def seconds(self) -> float:
        """Seconds for which work has stood still; 0 while it goes on."""
        return 0.0 if self.fault is None else self._clock() - self._since

    @property
    def pause(self) -> float:
        """Seconds until the next try; 0 while there is no fault."""
        return 0.0 if self.fault is None else max(0.0, self._next_try - self._clock())

    def failed(self, fault: Exception) -> None:
        """A try failed: stand still for a while, longer each time."""
        now = self._clock()
        if self.fault is None:
            self._since, self._backoff = now, FIRST_PAUSE
            self._condition.raise_(error_text(fault))
        else:
            self._backoff = min(2 * self._backoff, LONGEST_PAUSE)
        self.fault = error_text(fault)
        self._next_try = now + self._backoff

    def try_now(self) -> None:
        """Make the next try due now."""
        self._next_try = self._clock()

    def succeeded(self) -> None:
        """A try succeeded: the outage, if any, is over."""
        if self.fault is not None:
            self._condition.clear(seconds=round(self.seconds, 1))
            self.fault = None
