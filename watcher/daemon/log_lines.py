"""The daemon's log lines about single files."""

import os
from collections.abc import Callable

from structlog.typing import FilteringBoundLogger

from watcher.folders.arrivals import Arrivals
from watcher.folders.claims import Claim
from watcher.folders.inbox_lock import InboxLock
from watcher.pipeline.dispatcher import Dispatcher
from watcher.store.results import Decision
from watcher.text import name_as_text


class PictureLog:
    """Logs and counts the pictures that are filed; `listener` is called with each."""

    def __init__(self, logger: FilteringBoundLogger, listener: Callable[[Decision], object]) -> None:
        self.count = 0
        self._logger = logger
        self._listener = listener

    def filed(self, decision: Decision, seconds: float) -> None:
        """Log one picture, with the seconds since it was claimed."""
        self.count += 1
        event: dict[str, object] = {"name": name_as_text(decision.name)}
        if decision.digit is not None and decision.certainty is not None:
            event |= {"digit": decision.digit, "certainty": round(decision.certainty, 4)}
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
