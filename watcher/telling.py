"""What the daemon says of the pictures it has filed."""

from structlog.typing import FilteringBoundLogger

from watcher.store.results import Decision
from watcher.text import name_as_text


def tell_picture(logger: FilteringBoundLogger, decision: Decision, seconds: float) -> None:
    """Say one filed picture, and how long it took since it was claimed."""
    event = {
        "name": name_as_text(decision.name),
        "digit": decision.digit,
        "certainty": None if decision.certainty is None else round(decision.certainty, 4),
        "status": decision.status,
        "reason": decision.reason,
        "destination": name_as_text(decision.destination),
        "milliseconds": round(seconds * 1000, 1),
    }
    say = logger.warning if decision.status == "failed" else logger.info
    say("picture", **{key: value for key, value in event.items() if value is not None})
