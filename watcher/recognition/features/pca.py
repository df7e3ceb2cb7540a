"""Principal component analysis: a picture's many numbers as the few in which pictures differ most."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

KEPT = 64


@dataclass(frozen=True)
class PrincipalComponents:
    """The mean of some rows, (v,), and the 64 orthonormal axes along which they vary most, (v, 64)."""

    mean: Array
    axes: Array

    def project(self, rows: Array) -> tuple[Array, NDArray[np.float64]]:
        """For (n, v) rows x: the coordinates y = (x - mean)·axes, (n, 64), and the residuals, (n,).

        A residual is the squared distance from the space that the axes span, ‖x - mean‖² - ‖y‖². Each row is
        multiplied by itself: one product for all rows would round in a way that depends on their number.
        """
        centered = rows - self.mean
        coordinates = np.asarray((centered[:, None] @ self.axes)[:, 0], np.float32)
        squares = (np.square(some).sum(axis=1, dtype=np.float64) for some in (centered, coordinates))
        return coordinates, np.maximum(np.subtract(*squares), 0)


def fit_pca(rows: Array) -> PrincipalComponents:
    """The principal components of (n, v) rows: eigenvectors of their scatter matrix, the largest first."""
    mean = rows.mean(axis=0)
    centered = rows - mean
    _, axes = np.linalg.eigh(centered.T @ centered)
    return PrincipalComponents(mean, np.ascontiguousarray(axes[:, : -KEPT - 1 : -1]))
