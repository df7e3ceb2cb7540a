"""What the recogniser says of one picture."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Reading:
    """What a picture shows.

    `certainty` is the probability, 0 to 1, that `digit` is right; `runner_up` the second best digit, None
    where no other has references; `scores` ten numbers, higher is likelier, in the rule's own measure;
    `nearest` the ids of the references most like it; `reason` says why it cannot be told, None where it can.
    """

    digit: int
    certainty: float
    runner_up: int | None
    scores: tuple[float, ...]
    nearest: tuple[int, ...]
    reason: str | None = None
