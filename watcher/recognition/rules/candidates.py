"""Which pictures of a gallery are worth a closer look: those whose gradient directions are most alike."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isqrt
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from watcher.recognition.features.gradients import Array
from watcher.recognition.rules.gallery import Gallery

Number = TypeVar("Number", bound=np.generic)

CANDIDATES = 8
RIVALS = 3  # digits whose nearest pictures are candidates in any case
FEW = 3  # nearest pictures that a digit's distance is the mean of
TIE = 1e-5  # squared distances this near to each other count as equal


@dataclass(frozen=True)
class Near:
    """What lies near each of m pictures by directions.

    `overall` (m, k): places in the gallery, the nearest first, at least so many that they are of five
    references; `by_digit` (m, 10, 3): where each digit's nearest pictures lie, where it has so many, and
    `has` (m, 10, 3) whether; `rough` (m, 10) float64: their mean squared distances, inf without any.
    """

    overall: NDArray[np.int64]
    by_digit: NDArray[np.int64]
    has: NDArray[np.bool_]
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
    overall = _least(apart, max(CANDIDATES, gallery.telling))
    by_digit, has = _least_by_digit(apart, gallery.slices)
    found = np.concatenate([overall, by_digit.reshape(len(apart), -1)], axis=1)
    exact = _exact(gallery, places, found)
    exact[np.isinf(_picked(apart, found))] = np.inf
    of_all, of_digits = exact[:, : overall.shape[1]], exact[:, overall.shape[1] :].reshape(has.shape)
    order = np.lexsort((gallery.owners[overall], of_all), axis=1)
    has &= np.isfinite(of_digits)
    counts = has.sum(axis=2)
    sums = np.where(has, of_digits, 0).sum(axis=2)
    rough = np.where(counts > 0, sums / np.maximum(counts, 1) + missing[:, None], np.inf)
    return Near(_picked(overall, order), by_digit, has, rough)


def shortlist(near_by: Near, row: int, apart: Array) -> NDArray[np.int64]:
    """Where the candidates for one of the pictures lie, ascending; `apart` (N,): its squared distances.

    They are the nearest of all, and the nearest of the best digits: so that the runners-up are measured too.
    """
    rough = near_by.rough[row]
    last = np.partition(rough, RIVALS - 1)[RIVALS - 1]
    rivals = rough <= last + TIE
    of_rivals = near_by.by_digit[row, rivals][near_by.has[row, rivals]]
    chosen = np.unique(np.concatenate([near_by.overall[row, :CANDIDATES], of_rivals]))
    return np.asarray(chosen[np.isfinite(apart[chosen])], np.int64)


def contenders(gallery: Gallery, digits: Iterable[int], apart: Array, count: int) -> NDArray[np.int64]:
    """Where so many pictures of each of these digits lie, those that are nearest to one picture.

    `apart` (N,): its squared distances.
    """
    nearest = [
        within.start + _smallest(apart[None, within], count)[0]
        for within in (gallery.slices[digit] for digit in digits)
    ]
    chosen = np.concatenate(nearest)
    return np.asarray(chosen[np.isfinite(apart[chosen])], np.int64)


def _exact(gallery: Gallery, places: Array, found: NDArray[np.int64]) -> NDArray[np.float64]:
    """(m, k) squared distances of (m, 64) places to those of the gallery's (m, k) pictures."""
    away = gallery.rows.take(found, axis=0)
    away -= places[:, None]
    return np.asarray(np.einsum("mkv,mkv->mk", away, away), np.float64)


def _picked(table: NDArray[Number], columns: NDArray[np.int64]) -> NDArray[Number]:
    """(…, k) what stands in these columns of each row of a (…, n) table."""
    *rows, width = table.shape
    firsts = np.arange(0, table.size, width).reshape(*rows, 1)
    return table.reshape(-1).take(columns + firsts)


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
    return _picked(places, _smallest(_picked(values, places), count))


def _least_by_digit(apart: Array, slices: Sequence[slice]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """(m, 10, 3) where the least values of each digit are, in any order, and whether there are so many.

    `apart` (m, N): the values; `slices`: where each digit's lie.
    """
    starts = np.array([[within.start] for within in slices])
    lengths = np.array([[within.stop - within.start] for within in slices])
    most = int(lengths.max())
    folded = max(FEW, isqrt(FEW * most))
    columns = np.argpartition(_folded(apart, slices, folded), FEW - 1, axis=2)[:, :, :FEW]
    places = (columns[..., None] + folded * np.arange(-(-most // folded))).reshape(*columns.shape[:2], -1)
    there = places < lengths
    places += starts
    if not there.all():
        places[~there] = 0
    values = _picked(apart, places.reshape(len(apart), -1)).reshape(places.shape)
    values[~there] = np.inf
    few = np.argpartition(values, FEW - 1, axis=2)[:, :, :FEW]
    return _picked(places, few), _picked(there, few)


def _folded(apart: Array, slices: Sequence[slice], folded: int) -> Array:
    """(m, 10, folded) the least on each place when each digit's values are folded to so many places."""
    least = np.full((len(apart), len(slices), folded), np.inf, np.float32)
    length = slices[0].stop
    if all(within.stop - within.start == length for within in slices):
        _fold(apart.reshape(len(apart), len(slices), length), least)
    else:
        for digit, within in enumerate(slices):
            _fold(apart[:, None, within], least[:, digit : digit + 1])
    return least


def _fold(values: Array, least: Array) -> None:
    """Lower (m, d, folded) numbers to the least of the (m, d, n) values that lie on them when folded."""
    *rows, length = values.shape
    folded = least.shape[2]
    whole = length - length % folded
    if whole:
        values[:, :, :whole].reshape(*rows, -1, folded).min(axis=2, out=least)
    if whole < length:
        some = least[:, :, : length - whole]
        np.minimum(some, values[:, :, whole:], out=some)


def _smallest(values: Array, count: int) -> NDArray[np.int64]:
    if values.shape[1] <= count:
        return np.broadcast_to(np.arange(values.shape[1]), values.shape)
    return np.argpartition(values, count - 1, axis=1)[:, :count]
