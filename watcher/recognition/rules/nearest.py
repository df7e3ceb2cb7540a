"""The digit whose nearest references are nearest."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from watcher.recognition.rules.euclidean import References
from watcher.recognition.similarity import NEAREST, Similarities, check_shape, flat, score_of, slices_by_digit

FEW = 2  # nearest references of a digit that its distance is the mean of


class Nearest:
    """A digit's distance is the mean Euclidean distance to its few nearest references, or to all it has."""

    def __init__(self, references: NDArray[Any], labels: NDArray[np.int64]) -> None:
        self._shape = references.shape[1:]
        self._references = References(flat(references, np.float32))
        self._slices = slices_by_digit(labels)

    def compare(self, batch: NDArray[Any]) -> Similarities:
        """The similarities of (m, …) normalised pictures of the references' shape."""
        check_shape(batch, self._shape)
        return self._compare(flat(batch, np.float32), None)

    def leave_one_out(self, indices: NDArray[np.int64]) -> Similarities:
        """Each chosen reference compared with all the others."""
        return self._compare(self._references.rows[indices], indices)

    def _compare(self, pictures: NDArray[np.float32], left_out: NDArray[np.int64] | None) -> Similarities:
        others = len(self._references) - (left_out is not None)
        distances = np.full((len(pictures), 10), np.inf)
        nearest = np.zeros((len(pictures), min(NEAREST, others)), np.int64)
        every = slice(0, len(self._references))
        for block in self._references.blocks(len(pictures)):
            some = pictures[block]
            rough = self._references.rough_squares(some, None if left_out is None else left_out[block])
            for digit, within in enumerate(self._slices):
                if within.start < within.stop:
                    _, found = self._references.nearest(some, rough, within, FEW)
                    distances[block, digit] = mean_of_finite(found)
            nearest[block], _ = self._references.nearest(some, rough, every, nearest.shape[1])
        return Similarities(score_of(distances), distances, nearest)


def mean_of_finite(distances: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean of each row's finite numbers, inf where it has none."""
    finite = np.isfinite(distances)
    counts = finite.sum(axis=1)
    sums = np.where(finite, distances, 0).sum(axis=1)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.inf)
