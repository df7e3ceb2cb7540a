"""What the daemon says of the pictures it has filed."""

from structlog.typing import FilteringBoundLogger

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
