"""The values of an evaluation's charts: share of right answers by certainty, error by coverage."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from watcher.recognition.calibration.evaluation import BINS


@dataclass(frozen=True, slots=True)
class Bin:
    """The answers whose certainty is from `low` to `high`; their mean certainty and share of right ones."""

    low: float
    high: float
    answers: int
    certainty: float
    right: float


def reliability(certainty: NDArray[np.float64], right: NDArray[np.bool_]) -> list[Bin]:
    """The bins of the expected calibration error; `certainty` is (n,) float64, `right` (n,) bool."""
    at = np.minimum((certainty * BINS).astype(np.int64), BINS - 1)
    counts = np.bincount(at, minlength=BINS)
    each = np.maximum(counts, 1)
    certain = np.bincount(at, weights=certainty, minlength=BINS) / each
    rights = np.bincount(at, weights=right, minlength=BINS) / each
    return [
        Bin(number / BINS, (number + 1) / BINS, int(counts[number]), float(certain[number]), float(share))
        for number, share in enumerate(rights)
    ]


def error_by_coverage(
    certainty: NDArray[np.float64], wrong: NDArray[np.bool_]
) -> list[tuple[float, float, float]]:
    """(coverage, error rate, lowest certainty) of the most certain answers, for growing coverage.

    `certainty` is (n,) float64, `wrong` (n,) bool. Answers of equal certainty are taken together.
    """
    order = np.argsort(-certainty, kind="stable")
    falling = certainty[order]
    taken = np.arange(1, len(order) + 1)
    errors = np.cumsum(wrong[order]) / taken
    last_of_equals = np.append(np.diff(falling) != 0, True)[: len(order)]
    return [
        (float(count / len(order)), float(error), float(least))
        for count, error, least in zip(
            taken[last_of_equals], errors[last_of_equals], falling[last_of_equals], strict=True
        )
    ]
