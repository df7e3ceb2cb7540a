"""Euclidean distances from many pictures to many references, without a table of all their differences."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

BLOCK = 1 << 22  # numbers held at once
CACHED = 1 << 18  # of those that are read again at once


class References:
    """(n, values) float32 rows that pictures are measured against."""

    def __init__(self, rows: NDArray[np.float32]) -> None:
        self.rows = rows
        self._squares = np.einsum("nv,nv->n", rows, rows)

    def __len__(self) -> int:
        return len(self.rows)

    def blocks(self, count: int) -> Iterator[slice]:
        """Shares of `count` pictures, each small enough to be measured at once."""
        step = max(1, BLOCK // max(len(self.rows), self.rows.shape[1]))
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

    def exact(
        self, pictures: NDArray[np.float32], rough: NDArray[np.float32], chosen: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """(m, c) distances to the references of (m, c) indices: 0 to an equal one, inf to one left out."""
        distances = np.empty(chosen.shape)
        step = max(1, CACHED // (chosen.shape[1] * pictures.shape[1] or 1))
        for at in range(0, len(pictures), step):
            apart = self.rows[chosen[at : at + step]]
            apart -= pictures[at : at + step, None]
            apart *= apart
            distances[at : at + step] = np.sqrt(apart.sum(axis=2))
        distances[np.isinf(np.take_along_axis(rough, chosen, axis=1))] = np.inf
        return distances


def in_order(chosen: NDArray[np.int64], distances: NDArray[np.float64]) -> NDArray[np.int64]:
    """The chosen references, (m, c), the nearest first; of equally near ones the first."""
    order = np.lexsort((chosen, distances), axis=1)
    return np.take_along_axis(chosen, order, axis=1)
