"""What to expect of a set of references, told by leaving each out and comparing it with the others."""

from collections.abc import Sequence
from dataclasses import dataclass

from watcher.recognition.reading import LeftOut

SUSPICIOUS = 0.98
"""The certainty of another digit from which a label is worth a second look."""
FEW = 10
"""References of a digit below which more of them help most."""


@dataclass(frozen=True)
class Expectation:
    """Rates, 0 to 1, over the references that were left out in turn.

    `error_rate` of the best guess; `filed` is the share certain enough not to be reviewed, `wrong_filed` the
    share of those that is wrong; `certainty` is the mean. `suspects` are references taken for another digit
    with much certainty, the most certain first: their labels may be wrong.
    """

    checked: int
    error_rate: float
    filed: float
    wrong_filed: float
    certainty: float
    suspects: tuple[LeftOut, ...]


def expectation(left_out: Sequence[LeftOut], counts: Sequence[int], review_below: float) -> Expectation:
    """What the references say of each other; all rates are 0 where they can say nothing.

    `counts` (10,): how many references each digit has. The only one of a digit has no other to be known by,
    and is not counted.
    """
    left_out = [one for one in left_out if counts[one.label] > 1]
    wrong = [one for one in left_out if one.digit != one.label]
    filed = [one for one in left_out if one.certainty >= review_below]
    wrong_filed = sum(one.digit != one.label for one in filed)
    suspects = sorted((one for one in wrong if one.certainty >= SUSPICIOUS), key=lambda one: -one.certainty)
    return Expectation(
        checked=len(left_out),
        error_rate=len(wrong) / max(1, len(left_out)),
        filed=len(filed) / max(1, len(left_out)),
        wrong_filed=wrong_filed / max(1, len(filed)),
        certainty=sum(one.certainty for one in left_out) / max(1, len(left_out)),
        suspects=tuple(suspects),
    )


def too_few(counts: Sequence[int]) -> dict[int, int]:
    """The digits with fewer references than help them well, each with how many it has."""
    return {digit: count for digit, count in enumerate(counts) if count < FEW}
