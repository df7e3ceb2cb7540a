"""The decision on a picture: filed under its digit, sent to review, or failed."""

from dataclasses import dataclass
from typing import Literal

from watcher.recognition.reading import UNLIKE_ALL, Reading
from watcher.text import a_digit, exact_percent, percent


@dataclass(frozen=True, slots=True)
class Verdict:
    """A status, the folder of the outbox, and the reason if the picture is not filed under its digit."""

    status: Literal["filed", "review", "failed"]
    folder: str
    reason: str | None


def decide(reading: Reading | None, fault: str | None, review_below: float) -> Verdict:
    """The verdict on a reading. None means that the picture could not be read, and `fault` says why.

    `review_below` is the least certainty, 0 to 1, for a picture to be filed.
    """
    if reading is None:
        return Verdict("failed", "failed", fault)
    if reading.reason is not None:
        return Verdict("review", "review", _explained(reading, reading.reason))
    if reading.certainty < review_below:
        certainty, threshold = percent(reading.certainty), exact_percent(review_below)
        return Verdict("review", "review", f"its certainty, {certainty}, is below {threshold}")
    return Verdict("filed", str(reading.digit), None)


def _explained(reading: Reading, reason: str) -> str:
    """The reason; of what is unlike every reference, also how certain the best guess is among the digits."""
    if reason != UNLIKE_ALL or reading.digit is None:
        return reason
    guess = f"{percent(reading.certainty)} sure it is {a_digit(reading.digit)} among digits"
    return f"{guess}, but unlike every reference: perhaps not a digit"
