"""Few numbers for each picture that are never further apart than the pictures are."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from watcher.recognition.rules.bounds import Bounds

KEPT = 64  # axes
MANY = 1000  # references from which on a projection of them saves time,
WIDE = 256  # where each has so many numbers,
LEFT = 0.1  # and no more of their squares is left off the axes
SAMPLE = 1 << 22  # numbers, of references evenly chosen, that the axes are found in
ROUNDS = 4  # of the iteration that finds them
BLOCK = 1000  # references drawn at once
ROUNDING = 2.0**-16  # of two pictures' lengths, by which their sketches may be further apart than they are


@dataclass(frozen=True)
class Projection:
    """Each picture's places along orthonormal axes, and how far from what the axes span it lies.

    The distance of two such sketches is at most that of the pictures: along the axes it is the same, and off
    them at least the difference of the two lengths.

    `mean` (v,) and `axes` (v, 64) float64; `rows` (n, 66) float32: the sketches of the references, and the
    squares of their lengths.
    """

    mean: NDArray[np.float64]
    axes: NDArray[np.float64]
    rows: NDArray[np.float32]

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What `restored` makes it from again."""
        return {"mean": self.mean, "axes": self.axes, "sketches": self.rows}

    @classmethod
    def restored(cls, arrays: Mapping[str, NDArray[Any]]) -> Self | None:
        """The projection that gave these arrays, or None. Raises KeyError if only some are there."""
        return cls(arrays["mean"], arrays["axes"], arrays["sketches"]) if "sketches" in arrays else None

    def bounds(self, pictures: NDArray[np.float32]) -> Bounds:
        """What the sketches tell of the distances of (m, v) pictures to the references."""
        own = projected(pictures, self.mean, self.axes)
        asked = np.ones((len(own), own.shape[1] + 1), np.float32)
        np.multiply(own, -2, out=asked[:, :-1])
        squares = np.square(own, dtype=np.float64).sum(axis=1)
        lengths = np.sqrt(squares) + self._longest
        return Bounds(asked @ self.rows.T, squares, lengths, asked.shape[1], ROUNDING)

    @cached_property
    def _longest(self) -> float:
        return float(np.sqrt(self.rows[:, -1].max()))


def useful_projection(rows: NDArray[np.float32]) -> Projection | None:
    """A projection of (n, v) references; None where it would not save time."""
    if len(rows) < MANY or rows.shape[1] < WIDE:
        return None
    projection = projection_of(rows)
    left, all_of_it = np.square(projection.rows[:, -2], dtype=np.float64), projection.rows[:, -1]
    return projection if left.sum() <= LEFT * all_of_it.sum(dtype=np.float64) else None


def projection_of(rows: NDArray[np.float32]) -> Projection:
    """The projection of (n, v) references, however little it tells."""
    some = rows[:: -(-rows.size // SAMPLE)]
    mean = some.mean(axis=0, dtype=np.float64)
    axes = _axes_of(some - mean.astype(np.float32))
    drawn = np.empty((len(rows), axes.shape[1] + 2), np.float32)
    for at in range(0, len(rows), BLOCK):
        drawn[at : at + BLOCK, :-1] = projected(rows[at : at + BLOCK], mean, axes)
    drawn[:, -1] = np.square(drawn[:, :-1], dtype=np.float64).sum(axis=1)
    return Projection(mean, axes, drawn)


def projected(
    pictures: NDArray[np.float32], mean: NDArray[np.float64], axes: NDArray[np.float64]
) -> NDArray[np.float32]:
    """(m, 65) sketches of (m, v) pictures: reckoned in double precision and rounded once.

    What is left off the axes is a difference of squares, which are true to within v·2⁻⁵³ of them, thus itself
    to within √(16 v)·2⁻²⁶·⁵ of the picture's length: 2⁻¹⁷ of it where v is 32,768.
    """
    apart = pictures - mean
    sketches = np.empty((len(pictures), axes.shape[1] + 1), np.float32)
    places = apart @ axes
    sketches[:, :-1] = places
    left = np.einsum("mv,mv->m", apart, apart) - np.einsum("mk,mk->m", places, places)
    sketches[:, -1] = np.sqrt(np.maximum(left, 0))
    return sketches


def _axes_of(apart: NDArray[np.float32]) -> NDArray[np.float64]:
    """(v, 64) orthonormal axes along which (s, v) rows around 0 vary most, nearly, by orthogonal iteration.

    Any orthonormal axes keep the promise of a projection; with these it tells much.
    """
    axes = apart[:: max(1, len(apart) // KEPT)][:KEPT].T
    for _ in range(ROUNDS):
        axes, _triangle = np.linalg.qr(apart.T @ (apart @ axes))
    return np.linalg.qr(axes.astype(np.float64))[0]
