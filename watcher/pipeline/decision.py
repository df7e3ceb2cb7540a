"""The decision on a picture: filed under its digit, sent to review, or failed."""

import math
from dataclasses import dataclass
from typing import Literal

from watcher.recognition.reading import Reading


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
        return Verdict("review", "review", reading.reason)
    if reading.certainty < review_below:
        shown = math.floor(reading.certainty * 1000) / 1000  # 0.8999 must not show as 0.900, below 0.9
        return Verdict("review", "review", f"its certainty, {shown:.3f}, is below {review_below:g}")
    return Verdict("filed", str(reading.digit), None)
