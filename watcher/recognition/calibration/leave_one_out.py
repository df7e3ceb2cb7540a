"""What to expect from a set of references: each is left out and compared with the others."""

from collections.abc import Sequence
from dataclasses import dataclass

from watcher.recognition.reading import LeftOut

SUSPICIOUS = 0.98
"""If another digit is at least this certain, a label is worth a second look."""
FEW = 10
"""If a digit has fewer references than this, more of them help most."""


@dataclass(frozen=True)
class Expectation:
    """Rates, 0 to 1, over the references that were left out in turn.

    `error_rate`: of the best guess. `filed`: the share that is certain enough not to be reviewed.
    `wrong_filed`: the share of those that is wrong. `certainty`: the mean. `suspects`: references recognized
    as another digit with high certainty, the most certain first; their labels may be wrong.
    """

    checked: int
    error_rate: float
    filed: float
    wrong_filed: float
    certainty: float
    suspects: tuple[LeftOut, ...]


def expectation(left_out: Sequence[LeftOut], counts: Sequence[int], review_below: float) -> Expectation:
    """What to expect, from references that were left out in turn; all rates are 0 without any.

    `counts` (10,): how many references each digit has. The only reference of a digit is not counted: the
    others cannot recognize it.
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
    """The digits with fewer than FEW references, each with its number of references."""
    return {digit: count for digit, count in enumerate(counts) if count < FEW}
