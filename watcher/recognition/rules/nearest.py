"""The digit whose nearest references are nearest."""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from watcher.recognition.rules.euclidean import References
from watcher.recognition.rules.projection import Projection, useful_projection
from watcher.recognition.rules.search import Search
from watcher.recognition.similarity import (
    NEAREST,
    Similarities,
    check_shape,
    flat,
    score_of,
    slices_by_digit,
)

FEW = 2  # a digit's distance is the mean over this many nearest references


class Nearest:
    """A digit's distance is the mean Euclidean distance to its two nearest references, or to its only one."""

    def __init__(
        self, references: NDArray[Any], labels: NDArray[np.int64], *, known: References | None = None
    ) -> None:
        if known is None:
            rows = flat(references, np.float32)
            known = References(rows, useful_projection(rows))
        self._given = references
        self._shape = references.shape[1:]
        self._references = known
        self._search = Search(known, slices_by_digit(labels), NEAREST, FEW)

    def compare(self, batch: NDArray[Any], _exit_lead: float = np.inf, /) -> Similarities:
        """The similarities of (m, …) normalized pictures of the references' shape."""
        check_shape(batch, self._shape)
        return self._compare(flat(batch, np.float32), None)

    def leave_one_out(self, indices: NDArray[np.int64]) -> Similarities:
        """Each chosen reference compared with all the others."""
        return self._compare(self._references.rows[indices], indices)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The references, and their projection if there is one."""
        projection = self._references.projection
        return {"references": self._given, **({} if projection is None else projection.arrays())}

    @classmethod
    def restored(cls, arrays: Mapping[str, NDArray[Any]], labels: NDArray[np.int64]) -> Self:
        """The rule that gave these arrays."""
        references = arrays["references"]
        known = References(flat(references, np.float32), Projection.restored(arrays))
        return cls(references, labels, known=known)

    def _compare(self, pictures: NDArray[np.float32], left_out: NDArray[np.int64] | None) -> Similarities:
        found = self._search.neighbors(pictures, left_out)
        distances = mean_of_finite(np.sqrt(found.by_digit).astype(np.float64))
        return Similarities(score_of(distances), distances, found.nearest)


def mean_of_finite(distances: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean of the finite numbers along the last axis, inf if there are none."""
    finite = np.isfinite(distances)
    counts = np.count_nonzero(finite, axis=-1)
    sums = np.where(finite, distances, 0).sum(axis=-1)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.inf)
