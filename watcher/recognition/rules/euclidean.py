"""Euclidean distances from many pictures to many references, without a table of all their differences."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from watcher.recognition.similarity import smallest

BLOCK = 1 << 22  # numbers held at once


class References:
    """(n, values) float32 rows that pictures are measured against."""

    def __init__(self, rows: NDArray[np.float32]) -> None:
        self.rows = rows
        self._squares = np.einsum("nv,nv->n", rows, rows)

    def __len__(self) -> int:
        return len(self.rows)

    def blocks(self, count: int) -> Iterator[slice]:
        """Shares of `count` pictures, each small enough to be measured at once."""
        step = max(1, min(256, BLOCK // max(len(self.rows), 8 * self.rows.shape[1])))
        return (slice(at, min(at + step, count)) for at in range(0, count, step))

    def rough_squares(
        self, pictures: NDArray[np.float32], left_out: NDArray[np.int64] | None
    ) -> NDArray[np.float32]:
        """(m, n) squared distances less each picture's own square, rounded; inf to the reference left out."""
        rough = pictures @ self.rows.T
        rough *= -2
        rough += self._squares
        if left_out is not None:
            rough[np.arange(len(rough)), left_out] = np.inf
        return np.asarray(rough, np.float32)

    def nearest(
        self, pictures: NDArray[np.float32], rough: NDArray[np.float32], within: slice, count: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """(m, c) indices of the nearest references `within`, and their exact distances, ascending."""
        chosen = smallest(rough[:, within], count) + within.start
        apart = self.rows[chosen] - pictures[:, None]
        apart *= apart
        distances = np.sqrt(apart.sum(axis=2)).astype(np.float64)
        distances[np.isinf(np.take_along_axis(rough, chosen, axis=1))] = np.inf
        order = np.argsort(distances, axis=1, kind="stable")
        return np.take_along_axis(chosen, order, axis=1), np.take_along_axis(distances, order, axis=1)
