"""The digit whose nearest references are nearest."""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from watcher.recognition.rules.euclidean import References, in_order
from watcher.recognition.similarity import (
    NEAREST,
    Similarities,
    check_shape,
    flat,
    score_of,
    slices_by_digit,
    smallest,
)

FEW = 2  # nearest references of a digit that its distance is the mean of


class Nearest:
    """A digit's distance is the mean Euclidean distance to its few nearest references, or to all it has."""

    def __init__(self, references: NDArray[Any], labels: NDArray[np.int64]) -> None:
        self._given = references
        self._shape = references.shape[1:]
        self._references = References(flat(references, np.float32))
        self._slices = slices_by_digit(labels)

    def compare(self, batch: NDArray[Any], _plain: float = np.inf, /) -> Similarities:
        """The similarities of (m, …) normalised pictures of the references' shape."""
        check_shape(batch, self._shape)
        return self._compare(flat(batch, np.float32), None)

    def leave_one_out(self, indices: NDArray[np.int64]) -> Similarities:
        """Each chosen reference compared with all the others."""
        return self._compare(self._references.rows[indices], indices)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The references themselves."""
        return {"references": self._given}

    @classmethod
    def restored(cls, arrays: Mapping[str, NDArray[Any]], labels: NDArray[np.int64]) -> Self:
        """The rule for references that `arrays` gave."""
        return cls(arrays["references"], labels)

    def _compare(self, pictures: NDArray[np.float32], left_out: NDArray[np.int64] | None) -> Similarities:
        references = self._references
        count = min(NEAREST, len(references) - (left_out is not None))
        distances = np.full((len(pictures), 10), np.inf)
        nearest = np.zeros((len(pictures), count), np.int64)
        present = [digit for digit, within in enumerate(self._slices) if within.start < within.stop]
        for block in references.blocks(len(pictures)):
            some = pictures[block]
            rough = references.rough_squares(some, None if left_out is None else left_out[block])
            candidates = [smallest(rough, count)]
            for digit in present:
                within = self._slices[digit]
                candidates.append(within.start + smallest(rough[:, within], FEW))
            ends = np.cumsum([chosen.shape[1] for chosen in candidates])[:-1]
            overall, *by_digit = np.split(references.exact(some, rough, np.hstack(candidates)), ends, axis=1)
            nearest[block] = in_order(candidates[0], overall)
            for digit, found in zip(present, by_digit, strict=True):
                distances[block, digit] = mean_of_finite(found)
        return Similarities(score_of(distances), distances, nearest)


def mean_of_finite(distances: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean of each row's finite numbers, inf where it has none."""
    finite = np.isfinite(distances)
    counts = np.count_nonzero(finite, axis=1)
    sums = np.where(finite, distances, 0).sum(axis=1)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.inf)
