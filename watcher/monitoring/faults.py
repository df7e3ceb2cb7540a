"""What is not as it should be for a while: told when it begins, when it changes, and when it is over."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from structlog.typing import FilteringBoundLogger


@dataclass(frozen=True, slots=True)
class Fault:
    """A condition as it was told: under which event, which fault; in Unix seconds, since when, until when."""

    event: str
    fault: str
    since: float
    over: float | None = None


class Conditions:
    """All the conditions of a daemon: where they are told, and kept to be asked for."""

    def __init__(self, logger: FilteringBoundLogger, clock: Callable[[], float] = time.time) -> None:
        self.logger = logger
        self.last: Fault | None = None
        self._clock = clock
        self._open: dict[str, Fault] = {}

    @property
    def open(self) -> tuple[Fault, ...]:
        """What is not over, in the order in which it began."""
        return tuple(self._open.values())

    def begun(self, event: str, fault: str) -> None:
        """One begins; or is known already, and another fault than it seemed."""
        known = self._open.get(event)
        since = self._clock() if known is None else known.since
        self._open[event] = self.last = Fault(event, fault, since)

    def ended(self, event: str) -> None:
        """One is over."""
        over = replace(self._open.pop(event), over=self._clock())
        self.last = self.open[-1] if self._open else over


class Condition:
    """One kind of condition, under the event it begins with and the event it ends with."""

    def __init__(self, conditions: Conditions, begins: str, ends: str) -> None:
        self._conditions = conditions
        self._begins = begins
        self._ends = ends
        self._fault: str | None = None

    @property
    def is_on(self) -> bool:
        """Whether it has begun and is not over."""
        return self._fault is not None

    def raise_(self, fault: str, **more: object) -> None:
        """It is so; said with what more there is to say, unless this very fault was said last."""
        if fault != self._fault:
            self._fault = fault
            self._conditions.begun(self._begins, fault)
            self._conditions.logger.warning(self._begins, **more, fault=fault)

    def clear(self, **more: object) -> None:
        """It is not, or no more."""
        if self._fault is not None:
            self._fault = None
            self._conditions.ended(self._begins)
            self._conditions.logger.info(self._ends, **more)
