"""What is decided of a recognized picture: filed under its digit, put aside for a person, or failed."""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass

from watcher.folders.claims import Claim
from watcher.store.results import Decision, Status
from watcher.store.timestamps import stamp
from watcher.text import exact_percent, percent
from watcher.workers import Recognized


@dataclass(frozen=True, slots=True)
class Outcome:
    """A claimed picture, what was found in it, and under which version of the references.

    `flushing` is a flush of the disk that was begun after the file was read.
    """

    claim: Claim
    recognized: Recognized
    reference_version: int
    flushing: Future[None] | None = None


def decide(outcome: Outcome, review_below: float, now: str, place: Callable[[str], str]) -> Decision:
    """What is to be recorded of a picture; `place` gives its destination in a folder of the outbox."""
    claim, recognized = outcome.claim, outcome.recognized
    status, reason = judge(recognized, review_below)
    reading = recognized.reading
    return Decision(
        claim=claim.token,
        name=claim.name,
        sha256=recognized.sha256,
        status=status,
        destination=place(str(reading.digit) if reading and status == "filed" else status),
        arrived_at=stamp(claim.arrived),
        decided_at=now,
        digit=reading.digit if reading else None,
        certainty=reading.certainty if reading else None,
        runner_up=reading.runner_up if reading else None,
        scores=reading.scores if reading else None,
        reason=reason,
        reference_version=outcome.reference_version,
    )


def judge(recognized: Recognized, review_below: float) -> tuple[Status, str | None]:
    """Where a picture goes, and the reason where it is not filed under its digit."""
    reading = recognized.reading
    if reading is None:
        return "failed", recognized.reason
    if reading.reason is not None:
        return "review", reading.reason
    if reading.certainty < review_below:
        certainty, threshold = percent(reading.certainty), exact_percent(review_below)
        return "review", f"its certainty, {certainty}, is below {threshold}"
    return "filed", None
