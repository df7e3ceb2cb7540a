"""How often the answers are right, and whether their certainty is true."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from watcher.recognition.reading import Reading

BINS = 15
ERROR_RATES = ("0.001", "0.01")  # for which the coverage is given


@dataclass(frozen=True)
class Evaluation:
    """The counts and rates of one evaluation; the fields are those of `watcher evaluate --json`.

    `images` counts the labeled pictures that could be read, `unreadable` the others. `errors` and
    `error_rate` count wrong best guesses, in review or not; `wrong_filed` only those not in review.
    `ece`: the expected calibration error over 15 bins of equal width (Guo, Pleiss, Sun and Weinberger, "On
    calibration of modern neural networks", ICML 2017). `coverage`: for each error rate, the largest share of
    the pictures, the most certain first, whose error rate is at most that. `confusion`: a row for each label,
    a column for each best guess. A blank picture has no best guess: it is an error, and in no column.
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
    """Whether a person should look: the certainty is too low, or no digit was recognized."""
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
    guesses = np.array([-1 if one.digit is None else one.digit for one in readings], np.int64)
    certainty = np.array([reading.certainty for reading in readings], np.float64)
    review = np.array([goes_to_review(reading, review_below) for reading in readings], np.bool_)
    wrong = truth != guesses
    confusion = np.zeros((10, 10), np.int64)
    is_guessed = guesses >= 0
    np.add.at(confusion, (truth[is_guessed], guesses[is_guessed]), 1)
    return Evaluation(
        images=len(readings),
        errors=int(wrong.sum()),
        error_rate=float(wrong.mean()) if len(wrong) else 0.0,
        unreadable=unreadable,
        review=int(review.sum()),
        wrong_filed=int((wrong & ~review).sum()),
        ece=calibration_error(certainty, ~wrong),
        coverage={rate: coverage(certainty, wrong, float(rate)) for rate in ERROR_RATES},
        confusion=confusion.tolist(),
        seconds=seconds,
    )


def calibration_error(certainty: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """Expected calibration error: Σ over bins of |mean certainty - share right| · share of the answers."""
    if not len(certainty):
        return 0.0
    bins = np.minimum((certainty * BINS).astype(np.int64), BINS - 1)
    gaps = np.bincount(bins, weights=certainty - right, minlength=BINS)
    return float(np.abs(gaps).sum() / len(certainty))


def coverage(certainty: NDArray[np.float64], wrong: NDArray[np.bool_], error_rate: float) -> float:
    """The largest share of answers, the most certain first, whose error rate is at most `error_rate`.

    Answers of equal certainty are taken together.
    """
    if not len(certainty):
        return 0.0
    order = np.argsort(-certainty, kind="stable")
    taken = np.arange(1, len(order) + 1)
    last_of_equals = np.append(np.diff(certainty[order]) != 0, True)
    within_rate = last_of_equals & (np.cumsum(wrong[order]) <= error_rate * taken)
    return float(taken[within_rate].max(initial=0) / len(order))
