"""The daemon's log lines about single files."""

import os
from collections import Counter
from collections.abc import Callable
from typing import Self

from structlog.typing import FilteringBoundLogger

from watcher.folders.arrivals import Arrivals
from watcher.folders.claims import Claim
from watcher.folders.inbox_lock import InboxLock
from watcher.pipeline.dispatcher import Dispatcher
from watcher.store.results import Decision
from watcher.text import name_as_text, percent


class _Certainty(float):
    """A certainty from 0 to 1. JSON gets four decimals of it, the console a percentage."""

    def __new__(cls, certainty: float) -> Self:
        """Keep the certainty as it was before it is rounded."""
        rounded = super().__new__(cls, round(certainty, 4))
        rounded.exact = certainty
        return rounded

    exact: float

    def __repr__(self) -> str:
        """The percentage."""
        return percent(self.exact)


class PictureLog:
    """Logs and counts the pictures that are filed; `listener` is called with each."""

    def __init__(self, logger: FilteringBoundLogger, listener: Callable[[Decision], object]) -> None:
        self.tally = Counter[str](filed=0, review=0, failed=0)
        self._logger = logger
        self._listener = listener

    @property
    def count(self) -> int:
        """How many there were."""
        return self.tally.total()

    def filed(self, decision: Decision, seconds: float) -> None:
        """Log one picture, with the seconds of work on it; a batch shares what is done at once."""
        self.tally[decision.status] += 1
        event: dict[str, object] = {"name": name_as_text(decision.name)}
        if decision.digit is not None and decision.certainty is not None:
            event |= {"digit": decision.digit, "certainty": _Certainty(decision.certainty)}
        event["status"] = decision.status
        if decision.reason is not None:
            event["reason"] = decision.reason
        event["destination"] = name_as_text(decision.destination)
        event["milliseconds"] = round(seconds * 1000, 1)
        say = self._logger.warning if decision.status == "failed" else self._logger.info
        say("picture", **event)
        self._listener(decision)


def log_removed(lock: InboxLock, logger: FilteringBoundLogger, claim: Claim) -> None:
    """Log that a claimed file was removed. Raises OSError if the whole inbox is gone instead."""
    lock.require()
    logger.error("somebody removed a claimed file", name=name_as_text(claim.name))


def log_warnings(
    logger: FilteringBoundLogger, arrivals: Arrivals, dispatcher: Dispatcher, deadline_seconds: float
) -> None:
    """Log once each file that is left alone in the inbox, and each that takes a thread too long."""
    for path, why in arrivals.left_alone().items():
        logger.warning("left alone", name=name_as_text(os.path.basename(path)), reason=why)  # noqa: PTH119
    for claim in dispatcher.overdue(deadline_seconds):
        logger.warning("takes longer than it may", name=name_as_text(claim.name))
