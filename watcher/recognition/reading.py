"""What the recognizer says about one picture."""

from dataclasses import dataclass
from typing import NamedTuple

NO_INK = "there is no ink on it"
UNLIKE_ALL = "it is unlike every reference"
SEVERAL = "there seem to be several digits on it"


class Reading(NamedTuple):
    """What a picture shows.

    `digit`: the best guess, None if there is no ink on it. `certainty`: the probability, 0 to 1, that it is
    right; 0 without a guess. `runner_up`: the second best digit, None if no other has references. `scores`:
    ten numbers, higher is likelier, on the rule's own scale. `nearest`: the ids of the most similar
    references. `reason`: why no digit can be recognized, None if one can.
    """

    digit: int | None
    certainty: float
    runner_up: int | None
    scores: tuple[float, ...]
    nearest: tuple[int, ...]
    reason: str | None = None

    def of_several(self) -> "Reading":
        """The reading of a page with several digits: no single guess is right."""
        return self._replace(certainty=0.0, reason=SEVERAL)


@dataclass(frozen=True)
class LeftOut:
    """What a classifier says about one of its own references, compared with all the others.

    `id` and `label` are the reference's; `digit` is the best guess, and `certainty` the probability that it
    is right. If a certain guess differs from the label, the reference may be mislabeled.
    """

    id: int
    label: int
    digit: int
    certainty: float
