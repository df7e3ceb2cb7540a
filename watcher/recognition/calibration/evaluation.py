"""How often the answers are right, and whether their certainty can be believed."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from watcher.recognition.reading import Reading

BINS = 15
BEARABLE_ERRORS = ("0.001", "0.01")


@dataclass(frozen=True)
class Evaluation:
    """The counts and rates of one evaluation; the fields are those of `watcher evaluate --json`.

    `images` counts the labeled pictures that could be read, `unreadable` the others. `errors` and
    `error_rate` are of best guesses, sent to review or not; `wrong_filed` counts those not sent there.
    `ece` is the expected calibration error over 15 bins of equal width (Guo et al., On calibration of modern
    neural networks, 2017). `coverage`: for each bearable error rate, the largest share of the images, the
    most certain first, that stays at or under it. `confusion`: ten rows, one a label, of ten counts, one a
    best guess.
    """

    images: int
    errors: int
    error_rate: float
    unreadable: int
    review: int
    wrong_filed: int
    ece: float
    coverage: dict[str, float]
    confusion: list[list[int]]
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain values for JSON."""
        return asdict(self)


def goes_to_review(reading: Reading, review_below: float) -> bool:
    """Whether a person should look: it is less certain than asked for, or could not be told."""
    return reading.reason is not None or reading.certainty < review_below


def evaluate(
    labels: Sequence[int],
    readings: Sequence[Reading],
    *,
    review_below: float,
    unreadable: int = 0,
    seconds: float = 0.0,
) -> Evaluation:
    """Compare readings with the labels of the same pictures."""
    truth = np.asarray(labels, np.int64)
    guesses = np.array([reading.digit for reading in readings], np.int64)
    certainty = np.array([reading.certainty for reading in readings], np.float64)
    review = np.array([goes_to_review(reading, review_below) for reading in readings], np.bool_)
    wrong = truth != guesses
    confusion = np.zeros((10, 10), np.int64)
    np.add.at(confusion, (truth, guesses), 1)
    return Evaluation(
        images=len(readings),
        errors=int(wrong.sum()),
        error_rate=float(wrong.mean()) if len(wrong) else 0.0,
        unreadable=unreadable,
        review=int(review.sum()),
        wrong_filed=int((wrong & ~review).sum()),
        ece=calibration_error(certainty, ~wrong),
        coverage={rate: coverage(certainty, wrong, float(rate)) for rate in BEARABLE_ERRORS},
        confusion=confusion.tolist(),
        seconds=seconds,
    )


def calibration_error(certainty: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """Mean gap between certainty and share of right answers over 15 bins, each weighed by its answers."""
    if not len(certainty):
        return 0.0
    bins = np.minimum((certainty * BINS).astype(np.int64), BINS - 1)
    gaps = np.bincount(bins, weights=certainty - right, minlength=BINS)
    return float(np.abs(gaps).sum() / len(certainty))


def coverage(certainty: NDArray[np.float64], wrong: NDArray[np.bool_], bearable: float) -> float:
    """The largest share of answers, the most certain first, whose error rate is at most `bearable`.

    Answers of equal certainty are taken together.
    """
    if not len(certainty):
        return 0.0
    order = np.argsort(-certainty, kind="stable")
    taken = np.arange(1, len(order) + 1)
    last_of_equals = np.append(np.diff(certainty[order]) != 0, True)
    bearable_so_far = last_of_equals & (np.cumsum(wrong[order]) <= bearable * taken)
    return float(taken[bearable_so_far].max(initial=0) / len(order))
