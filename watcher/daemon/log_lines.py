"""What the daemon says of single files: what became of them, and what does not become of them."""

import os

from structlog.typing import FilteringBoundLogger

from watcher.folders.arrivals import Arrivals
from watcher.pipeline.dispatcher import Dispatcher
from watcher.store.results import Decision
from watcher.text import name_as_text


def tell_picture(logger: FilteringBoundLogger, decision: Decision, seconds: float) -> None:
    """Say one filed picture, and how long it took since it was claimed."""
    event: dict[str, object] = {"name": name_as_text(decision.name)}
    if decision.digit is not None and decision.certainty is not None:
        event |= {"digit": decision.digit, "certainty": round(decision.certainty, 4)}
    event["status"] = decision.status
    if decision.reason is not None:
        event["reason"] = decision.reason
    event["destination"] = name_as_text(decision.destination)
    event["milliseconds"] = round(seconds * 1000, 1)
    say = logger.warning if decision.status == "failed" else logger.info
    say("picture", **event)


def tell_of_files(
    logger: FilteringBoundLogger, door: Arrivals, dispatcher: Dispatcher, deadline: float
) -> None:
    """Say once of each file in the inbox that is left alone, and of each that threads have for too long."""
    for path, why in door.left_alone().items():
        logger.warning("left alone", name=name_as_text(os.path.basename(path)), reason=why)  # noqa: PTH119
    for claim in dispatcher.overdue(deadline):
        logger.warning("takes longer than it may", name=name_as_text(claim.name))
