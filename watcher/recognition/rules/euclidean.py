"""Euclidean distances from many pictures to many references, without an array of all differences."""

from collections.abc import Iterator
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from watcher.recognition.rules.bounds import Bounds
from watcher.recognition.rules.projection import Projection

BLOCK = 1 << 21  # values held at once
CACHED = 1 << 16  # values that are read again at once, and fit into the caches


class References:
    """(n, v) float32 rows that pictures are compared with, and their projection if there is one."""

    def __init__(self, rows: NDArray[np.float32], projection: Projection | None = None) -> None:
        self.rows = rows
        self.projection = projection

    def __len__(self) -> int:
        return len(self.rows)

    def blocks(self, count: int) -> Iterator[slice]:
        """Slices of `count` pictures, each small enough to be measured at once."""
        step = max(1, BLOCK // max(len(self.rows), self.rows.shape[1]))
        return (slice(at, min(at + step, count)) for at in range(0, count, step))

    def bounds(self, pictures: NDArray[np.float32]) -> Bounds:
        """The squared distances of (m, v) pictures as ‖x‖² - 2x·y + ‖y‖², exact but for rounding."""
        table = pictures @ self.rows.T
        table *= -2
        table += self._squares
        squares = np.square(pictures, dtype=np.float64).sum(axis=1)
        longest = float(np.sqrt(self._squares.max(initial=0.0)))
        return Bounds(table, squares, np.sqrt(squares) + longest, self.rows.shape[1], 0.0)

    def measured(
        self, pictures: NDArray[np.float32], which: NDArray[np.int64], references: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """(p,) squared distances of the pictures `which` (p,) to the `references` (p,), pair by pair."""
        squares = np.empty(len(which), np.float32)
        step = max(1, CACHED // max(1, self.rows.shape[1]))
        for at in range(0, len(which), step):
            some = slice(at, at + step)
            differences = self.rows.take(references[some], axis=0)
            differences -= pictures.take(which[some], axis=0)
            differences *= differences
            differences.sum(axis=1, out=squares[some])
        return squares

    @cached_property
    def _squares(self) -> NDArray[np.float32]:
        return np.asarray(np.einsum("nv,nv->n", self.rows, self.rows), np.float32)
