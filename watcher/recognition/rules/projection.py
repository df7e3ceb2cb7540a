"""Pictures projected on few axes, so that distances never grow: lower bounds for the search."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from watcher.recognition.rules.bounds import Bounds

AXES = 64
LEAST_REFERENCES = 1000  # with this many references a projection saves time,
LEAST_VALUES = 256  # if each has this many values,
MOST_RESIDUAL = 0.1  # and at most this share of their squares is off the axes
SAMPLE = 1 << 22  # values, of evenly chosen references, that the axes are fitted to
ROUNDS = 4  # of the orthogonal iteration
BLOCK = 1000  # references projected at once
ROUNDING = 2.0**-16  # of two pictures' lengths: projected distances may exceed the true ones by this share


@dataclass(frozen=True)
class Projection:
    """Each picture's coordinates on orthonormal axes, and its distance from the space that they span.

    For two pictures with coordinates x, y and residual lengths r, s, ‖x - y‖² + (r - s)² is at most their
    squared distance: off the axes they are at least |r - s| apart.

    `mean` (v,) and `axes` (v, 64) float64. `rows` (n, 66) float32: the references' 64 coordinates, residual
    length and squared norm.
    """

    mean: NDArray[np.float64]
    axes: NDArray[np.float64]
    rows: NDArray[np.float32]

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The arrays to save; `restored` takes them."""
        return {"mean": self.mean, "axes": self.axes, "sketches": self.rows}

    @classmethod
    def restored(cls, arrays: Mapping[str, NDArray[Any]]) -> Self | None:
        """The projection that gave these arrays, or None. Raises KeyError if some are missing."""
        return cls(arrays["mean"], arrays["axes"], arrays["sketches"]) if "sketches" in arrays else None

    def bounds(self, pictures: NDArray[np.float32]) -> Bounds:
        """Lower bounds of the distances of (m, v) pictures to the references."""
        own = projected(pictures, self.mean, self.axes)
        factors = np.ones((len(own), own.shape[1] + 1), np.float32)
        np.multiply(own, -2, out=factors[:, :-1])
        squares = np.square(own, dtype=np.float64).sum(axis=1)
        lengths = np.sqrt(squares) + self._longest
        return Bounds(factors @ self.rows.T, squares, lengths, factors.shape[1], ROUNDING)

    @cached_property
    def _longest(self) -> float:
        return float(np.sqrt(self.rows[:, -1].max()))


def useful_projection(rows: NDArray[np.float32]) -> Projection | None:
    """A projection of (n, v) references; None if it would not save time."""
    if len(rows) < LEAST_REFERENCES or rows.shape[1] < LEAST_VALUES:
        return None
    projection = fit_projection(rows)
    off_axes, total = np.square(projection.rows[:, -2], dtype=np.float64), projection.rows[:, -1]
    return projection if off_axes.sum() <= MOST_RESIDUAL * total.sum(dtype=np.float64) else None


def fit_projection(rows: NDArray[np.float32]) -> Projection:
    """The projection of (n, v) references, useful or not."""
    some = rows[:: -(-rows.size // SAMPLE)]
    mean = some.mean(axis=0, dtype=np.float64)
    axes = _axes_of(some - mean.astype(np.float32))
    projections = np.empty((len(rows), axes.shape[1] + 2), np.float32)
    for at in range(0, len(rows), BLOCK):
        projections[at : at + BLOCK, :-1] = projected(rows[at : at + BLOCK], mean, axes)
    projections[:, -1] = np.square(projections[:, :-1], dtype=np.float64).sum(axis=1)
    return Projection(mean, axes, projections)


def projected(
    pictures: NDArray[np.float32], mean: NDArray[np.float64], axes: NDArray[np.float64]
) -> NDArray[np.float32]:
    """(m, 65) coordinates and residual lengths of (m, v) pictures, in double precision, rounded once.

    The residual is the root of a difference of squares. Each square is exact to within v·2⁻⁵³ of itself, so
    the residual is exact to within √(16 v)·2⁻²⁶·⁵ of the picture's length: 2⁻¹⁷ of it if v is 32,768.
    """
    centered = pictures - mean
    found = np.empty((len(pictures), axes.shape[1] + 1), np.float32)
    coordinates = centered @ axes
    found[:, :-1] = coordinates
    residuals = np.einsum("mv,mv->m", centered, centered) - np.einsum("mk,mk->m", coordinates, coordinates)
    found[:, -1] = np.sqrt(np.maximum(residuals, 0))
    return found


def _axes_of(centered: NDArray[np.float32]) -> NDArray[np.float64]:
    """(v, 64) orthonormal axes, nearly the principal ones of (s, v) centered rows, by orthogonal iteration.

    With any orthonormal axes the bounds hold; with these they are close.
    """
    axes = centered[:: max(1, len(centered) // AXES)][:AXES].T
    for _ in range(ROUNDS):
        axes, _triangle = np.linalg.qr(centered.T @ (centered @ axes))
    return np.linalg.qr(axes.astype(np.float64))[0]
