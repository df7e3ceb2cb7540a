"""What the recognizer says of one picture."""

from dataclasses import dataclass
from typing import NamedTuple


class Reading(NamedTuple):
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


@dataclass(frozen=True)
class LeftOut:
    """What a classifier says of one of its own references, compared with all the others.

    `id` and `label` are the reference's; `digit` is the best guess, `certainty` the probability that such a
    guess is right. A confident guess that is not the label tells of a reference that may be mislabeled.
    """

    id: int
    label: int
    digit: int
    certainty: float
