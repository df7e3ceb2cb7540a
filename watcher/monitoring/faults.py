"""Conditions: faults that last a while. Each is logged when it begins, when it changes, and when it ends."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from structlog.typing import FilteringBoundLogger


@dataclass(frozen=True, slots=True)
class Fault:
    """A condition as it was logged: the event, the fault, and when it began and ended in Unix seconds.

    `over` is None while it lasts.
    """

    event: str
    fault: str
    since: float
    over: float | None = None


class Conditions:
    """All conditions of a daemon. `last` is the newest one that lasts, or else the one that ended last."""

    def __init__(self, logger: FilteringBoundLogger, clock: Callable[[], float] = time.time) -> None:
        self.logger = logger
        self.last: Fault | None = None
        self._clock = clock
        self._open: dict[str, Fault] = {}

    @property
    def open(self) -> tuple[Fault, ...]:
        """The conditions that last, in the order in which they began."""
        return tuple(self._open.values())

    def begin(self, event: str, fault: str) -> None:
        """A condition begins, or one that lasts turns out to have another fault."""
        known = self._open.get(event)
        since = self._clock() if known is None else known.since
        self._open[event] = self.last = Fault(event, fault, since)

    def end(self, event: str) -> None:
        """A condition is over."""
        over = replace(self._open.pop(event), over=self._clock())
        self.last = self.open[-1] if self._open else over


class Condition:
    """One kind of condition, with the log event of its beginning and that of its end."""

    def __init__(self, conditions: Conditions, begins: str, ends: str) -> None:
        self._conditions = conditions
        self._begins = begins
        self._ends = ends
        self._fault: str | None = None

    @property
    def is_on(self) -> bool:
        """Whether the condition lasts."""
        return self._fault is not None

    def raise_(self, fault: str, **more: object) -> None:
        """The condition holds. Log it with these fields, unless this fault is the one logged last."""
        if fault != self._fault:
            self._fault = fault
            self._conditions.begin(self._begins, fault)
            self._conditions.logger.warning(self._begins, **more, fault=fault)

    def clear(self, **more: object) -> None:
        """The condition does not hold. Log its end with these fields, if it had begun."""
        if self._fault is not None:
            self._fault = None
            self._conditions.end(self._begins)
            self._conditions.logger.info(self._ends, **more)
