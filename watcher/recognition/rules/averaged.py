"""The digit whose mean picture is nearest: the nearest-centroid rule."""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from watcher.recognition.rules.euclidean import References
from watcher.recognition.rules.search import Search
from watcher.recognition.similarity import (
    NEAREST,
    Similarities,
    check_shape,
    flat,
    score_of,
    slices_by_digit,
)


class Averaged:
    """A digit's distance is the Euclidean distance to the mean of its references."""

    def __init__(self, references: NDArray[Any], labels: NDArray[np.int64]) -> None:
        self._given = references
        self._shape = references.shape[1:]
        self._references = References(flat(references, np.float32))
        self._search = Search(self._references, [slice(0, len(labels))], NEAREST, few=1)
        self._labels = labels
        slices = slices_by_digit(labels)
        self._counts = np.array([within.stop - within.start for within in slices])
        self._means = np.zeros((10, self._references.rows.shape[1]))
        for digit, within in enumerate(slices):
            if self._counts[digit]:
                self._means[digit] = self._references.rows[within].mean(axis=0, dtype=np.float64)

    def compare(self, batch: NDArray[Any], _exit_lead: float = np.inf, /) -> Similarities:
        """The similarities of (m, …) normalized pictures of the references' shape."""
        check_shape(batch, self._shape)
        pictures = flat(batch, np.float32)
        distances = self._to_means(pictures)
        return Similarities(score_of(distances), distances, self._search.neighbors(pictures, None).nearest)

    def leave_one_out(self, indices: NDArray[np.int64]) -> Similarities:
        """Each chosen reference compared with all the others."""
        pictures = self._references.rows[indices]
        distances = self._to_means(pictures)
        rows, own = np.arange(len(indices)), self._labels[indices]
        counts = self._counts[own].astype(np.float64)
        # Without x the mean m of n references becomes (n·m - x)/(n - 1), which is n/(n - 1) as far from x.
        further = np.divide(counts, counts - 1, out=np.full(len(counts), np.inf), where=counts > 1)
        distances[rows, own] = np.where(counts > 1, distances[rows, own], 1) * further
        return Similarities(score_of(distances), distances, self._search.neighbors(pictures, indices).nearest)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The references."""
        return {"references": self._given}

    @classmethod
    def restored(cls, arrays: Mapping[str, NDArray[Any]], labels: NDArray[np.int64]) -> Self:
        """The rule that gave these arrays."""
        return cls(arrays["references"], labels)

    def _to_means(self, pictures: NDArray[np.float32]) -> NDArray[np.float64]:
        distances = np.full((len(pictures), 10), np.inf)
        present = np.flatnonzero(self._counts)
        means = self._means[present]
        for row, picture in enumerate(pictures):
            differences = means - picture
            distances[row, present] = np.sqrt((differences * differences).sum(axis=1))
        return distances
