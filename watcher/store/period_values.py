"""The counts of a period as plain values, which the log fills and the page shows."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Counted:
    """How many rows of the log have these values.

    `at` is the beginning of a stamp: a day or an hour. `band` is the number of the band of certainty; None if
    there is no certainty.
    """

    at: str
    status: str
    digit: int | None
    band: int | None
    count: int


@dataclass(frozen=True, slots=True)
class FailureCount:
    """A reason, how many files failed for it, and the newest of them with its stamp."""

    reason: str
    count: int
    name: str
    decided_at: str


@dataclass(frozen=True, slots=True)
class SlowFile:
    """A file that took long from the inbox to its destination, in seconds."""

    name: str
    status: str
    seconds: float
    arrived_at: str


@dataclass(frozen=True, slots=True)
class ReviewedRow:
    """A picture that went to review: best guess if it has one, runner-up, certainty (0 to 1), and why."""

    claim: str
    name: str
    destination: str
    digit: int | None
    runner_up: int | None
    certainty: float
    reason: str | None
    decided_at: str
