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

    def of(self, row: Array) -> tuple[Array, float]:
        """A row's place along the axes, (64,), and the square of its distance from all that they span."""
        apart = row - self.mean
        place = np.asarray(apart @ self.axes, np.float32)
        return place, max(float(apart @ apart) - float(place @ place), 0.0)

    def of_all(self, rows: Array) -> Array:
        """(n, 64) the places along the axes of (n, v) rows."""
        return np.asarray((rows - self.mean) @ self.axes, np.float32)


def principal_components(rows: Array) -> Principal:
    """The principal components of (n, v) rows."""
    mean = rows.mean(axis=0)
    apart = rows - mean
    _, axes = np.linalg.eigh(apart.T @ apart)
    return Principal(mean, np.ascontiguousarray(axes[:, : -KEPT - 1 : -1]))
