"""Which pictures of a gallery are worth a closer look: those whose gradient directions are most alike."""

from dataclasses import dataclass
from math import isqrt

import numpy as np
from numpy.typing import NDArray

from watcher.recognition.directions import Array
from watcher.recognition.rules.gallery import Gallery
from watcher.recognition.rules.nearest import mean_of_finite

CANDIDATES = 30
RIVALS = 3  # digits whose nearest pictures are candidates in any case
FEW = 3  # nearest pictures that a digit's distance is the mean of
TIE = 1e-5  # squared distances this near to each other count as equal


@dataclass(frozen=True)
class Near:
    """What lies near each of m pictures by directions.

    `overall` (m, 30): places in the gallery, the nearest first; `by_digit`: the (m, 3) places of each digit's
    nearest pictures, or fewer; `rough` (m, 10) float64: their mean squared distances, inf without any.
    """

    overall: NDArray[np.int64]
    by_digit: list[NDArray[np.int64]]
    rough: NDArray[np.float64]


def squared_distances(gallery: Gallery, places: Array) -> Array:
    """Squared distances, (m, N), of (m, 64) places to the gallery's, but for the squares of the places.

    Their last digits depend on m.
    """
    distances = np.asarray((-2 * places) @ gallery.rows.T, np.float32)
    distances += gallery.squares
    return distances


def near(gallery: Gallery, places: Array, missing: NDArray[np.float64], apart: Array) -> Near:
    """What is near pictures whose directions lie at (m, 64) `places`, and (m,) `missing` off their space.

    `apart` (m, N): what `squared_distances` gave; a picture at inf is left out.
    """

    def exact(found: NDArray[np.int64]) -> NDArray[np.float64]:
        squares = np.square(gallery.rows[found] - places[:, None]).sum(axis=2, dtype=np.float64)
        return np.where(np.isinf(np.take_along_axis(apart, found, axis=1)), np.inf, squares)

    overall = _least(apart, CANDIDATES)
    order = np.lexsort((gallery.owners[overall], exact(overall)), axis=1)
    by_digit = [within.start + _least(apart[:, within], FEW) for within in gallery.slices]
    rough = np.stack([mean_of_finite(exact(found)) + missing for found in by_digit], axis=1)
    return Near(np.take_along_axis(overall, order, axis=1), by_digit, rough)


def shortlist(near_by: Near, row: int, apart: Array) -> NDArray[np.int64]:
    """Where the candidates for one of the pictures lie, ascending; `apart` (N,): its squared distances.

    They are the nearest of all, and the nearest of the best digits: so that the runners-up are measured too.
    """
    rough = near_by.rough[row]
    last = np.partition(rough, RIVALS - 1)[RIVALS - 1]
    rivals = np.flatnonzero(rough <= last + TIE)
    chosen = np.unique(
        np.concatenate([near_by.overall[row], *(near_by.by_digit[digit][row] for digit in rivals)])
    )
    return np.asarray(chosen[np.isfinite(apart[chosen])], np.int64)


def _least(values: Array, count: int) -> NDArray[np.int64]:
    """(m, count) where the least of each row of (m, n) values are, in any order, or all it has."""
    rows, width = values.shape
    count = min(count, width)
    folds = isqrt(width // max(count, 1))
    if folds < 3:
        return _smallest(values, count)
    # The least lie in the columns whose least values are least, or in the rest that was not folded.
    folded = width // folds
    lines = values[:, : folds * folded].reshape(rows, folds, folded)
    columns = _smallest(lines.min(axis=1), count)
    places = (columns[:, None] + folded * np.arange(folds)[:, None]).reshape(rows, -1)
    rest = np.broadcast_to(np.arange(folds * folded, width), (rows, width - folds * folded))
    places = np.concatenate([places, rest], axis=1)
    return np.take_along_axis(places, _smallest(np.take_along_axis(values, places, axis=1), count), axis=1)


def _smallest(values: Array, count: int) -> NDArray[np.int64]:
    if values.shape[1] <= count:
        return np.broadcast_to(np.arange(values.shape[1]), values.shape)
    return np.argpartition(values, count - 1, axis=1)[:, :count]
