"""Principal components: many numbers of each picture as the few in which pictures differ most."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

KEPT = 64


@dataclass(frozen=True)
class Principal:
    """The mean of some rows, (v,), and the axes, (v, 64), along which they vary most."""

    mean: Array
    axes: Array

    def of(self, rows: Array) -> tuple[Array, NDArray[np.float64]]:
        """Places along the axes, (n, 64), of (n, v) rows, and squared distances, (n,), from what they span.

        Each row by itself: a product of all at once adds in an order that depends on their number.
        """
        apart = rows - self.mean
        places = np.asarray((apart[:, None] @ self.axes)[:, 0], np.float32)
        squares = (np.square(some).sum(axis=1, dtype=np.float64) for some in (apart, places))
        return places, np.maximum(np.subtract(*squares), 0)


def principal_components(rows: Array) -> Principal:
    """The principal components of (n, v) rows."""
    mean = rows.mean(axis=0)
    apart = rows - mean
    _, axes = np.linalg.eigh(apart.T @ apart)
    return Principal(mean, np.ascontiguousarray(axes[:, : -KEPT - 1 : -1]))
