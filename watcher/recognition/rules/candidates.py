"""Which pictures of an index are worth re-ranking: those whose gradient features are nearest."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isqrt
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from watcher.recognition.features.gradients import Array
from watcher.recognition.rules.reference_index import ReferenceIndex

Number = TypeVar("Number", bound=np.generic)

CANDIDATES = 8
RIVALS = 3  # digits whose nearest pictures are always candidates
FEW = 3  # a digit's distance is the mean over this many nearest pictures
TIE = 1e-5  # squared distances that differ by no more than this count as equal


@dataclass(frozen=True)
class Candidates:
    """The nearest pictures of an index, by gradient features, for each of m pictures.

    `nearest` (m, k) int64: positions in the index, the nearest first; they cover at least five references.
    `by_digit` (m, 10, 3) int64: positions of each digit's nearest pictures, in any order.
    `is_present` (m, 10, 3) bool: False where a digit has fewer pictures.
    `feature_distances` (m, 10) float64: mean squared distance to those of a digit, inf if it has none.
    """

    nearest: NDArray[np.int64]
    by_digit: NDArray[np.int64]
    is_present: NDArray[np.bool_]
    feature_distances: NDArray[np.float64]


def squared_distances(index: ReferenceIndex, features: Array) -> Array:
    """(m, N) float32: ‖y‖² - 2x·y for features x (m, 64) and the index's y (N, 64).

    That is the squared distance less ‖x‖², which does not change the order in a row. The last bits of a
    value depend on m.
    """
    distances = np.asarray((-2 * features) @ index.features.T, np.float32)
    distances += index.squared_norms
    return distances


def find_candidates(
    index: ReferenceIndex, features: Array, residuals: NDArray[np.float64], squared: Array
) -> Candidates:
    """The candidates for m pictures.

    `features` (m, 64) and `residuals` (m,): from `PrincipalComponents.project`. `squared` (m, N): from
    `squared_distances`; set a value to inf to leave that picture of the index out.
    """
    nearest = _least(squared, max(CANDIDATES, index.enough_pictures))
    by_digit, is_present = _least_by_digit(squared, index.slices)
    found = np.concatenate([nearest, by_digit.reshape(len(squared), -1)], axis=1)
    exact = _exact(index, features, found)
    exact[np.isinf(_picked(squared, found))] = np.inf
    exact_nearest = exact[:, : nearest.shape[1]]
    exact_by_digit = exact[:, nearest.shape[1] :].reshape(is_present.shape)
    order = np.lexsort((index.owners[nearest], exact_nearest), axis=1)
    is_present &= np.isfinite(exact_by_digit)
    counts = is_present.sum(axis=2)
    sums = np.where(is_present, exact_by_digit, 0).sum(axis=2)
    distances = np.where(counts > 0, sums / np.maximum(counts, 1) + residuals[:, None], np.inf)
    return Candidates(_picked(nearest, order), by_digit, is_present, distances)


def first_candidates(candidates: Candidates, row: int, squared: Array) -> NDArray[np.int64]:
    """Positions, ascending, of the candidates to measure first for picture `row`.

    These are the nearest of all and the nearest of the best digits, so that the runner-up is measured too.
    `squared` (N,): the picture's row of `squared_distances`.
    """
    distances = candidates.feature_distances[row]
    last = np.partition(distances, RIVALS - 1)[RIVALS - 1]
    rivals = distances <= last + TIE
    of_rivals = candidates.by_digit[row, rivals][candidates.is_present[row, rivals]]
    chosen = np.unique(np.concatenate([candidates.nearest[row, :CANDIDATES], of_rivals]))
    return np.asarray(chosen[np.isfinite(squared[chosen])], np.int64)


def more_candidates(
    index: ReferenceIndex, digits: Iterable[int], squared: Array, count: int
) -> NDArray[np.int64]:
    """Positions of the `count` nearest pictures of each of these digits.

    `squared` (N,): the picture's row of `squared_distances`.
    """
    nearest = [
        within.start + _smallest(squared[None, within], count)[0]
        for within in (index.slices[digit] for digit in digits)
    ]
    chosen = np.concatenate(nearest)
    return np.asarray(chosen[np.isfinite(squared[chosen])], np.int64)


def _exact(index: ReferenceIndex, features: Array, found: NDArray[np.int64]) -> NDArray[np.float64]:
    """(m, k) squared distances of (m, 64) features to those at (m, k) positions in the index."""
    differences = index.features.take(found, axis=0)
    differences -= features[:, None]
    return np.asarray(np.einsum("mkv,mkv->mk", differences, differences), np.float64)


def _picked(table: NDArray[Number], columns: NDArray[np.int64]) -> NDArray[Number]:
    """(…, k) the values in these columns of each row of a (…, n) table."""
    *rows, width = table.shape
    firsts = np.arange(0, table.size, width).reshape(*rows, 1)
    return table.reshape(-1).take(columns + firsts)


def _least(values: Array, count: int) -> NDArray[np.int64]:
    """(m, count) columns of the least values of each row of (m, n), in any order; all if n is smaller."""
    rows, width = values.shape
    count = min(count, width)
    folds = isqrt(width // max(count, 1))
    if folds < 3:
        return _smallest(values, count)
    # Fold each row into `folds` lines. The least values lie in the columns with the least minima, or in the
    # rest of the row that was not folded.
    folded = width // folds
    lines = values[:, : folds * folded].reshape(rows, folds, folded)
    columns = _smallest(lines.min(axis=1), count)
    places = (columns[:, None] + folded * np.arange(folds)[:, None]).reshape(rows, -1)
    rest = np.broadcast_to(np.arange(folds * folded, width), (rows, width - folds * folded))
    places = np.concatenate([places, rest], axis=1)
    return _picked(places, _smallest(_picked(values, places), count))


def _least_by_digit(squared: Array, slices: Sequence[slice]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """(m, 10, 3) columns of each digit's least values, in any order, and whether there are that many.

    `squared` (m, N): the values; `slices`: the columns of each digit.
    """
    starts = np.array([[within.start] for within in slices])
    lengths = np.array([[within.stop - within.start] for within in slices])
    most = int(lengths.max())
    folded = max(FEW, isqrt(FEW * most))
    columns = np.argpartition(_folded(squared, slices, folded), FEW - 1, axis=2)[:, :, :FEW]
    places = (columns[..., None] + folded * np.arange(-(-most // folded))).reshape(*columns.shape[:2], -1)
    is_present = places < lengths
    places += starts
    if not is_present.all():
        places[~is_present] = 0
    values = _picked(squared, places.reshape(len(squared), -1)).reshape(places.shape)
    values[~is_present] = np.inf
    few = np.argpartition(values, FEW - 1, axis=2)[:, :, :FEW]
    return _picked(places, few), _picked(is_present, few)


def _folded(squared: Array, slices: Sequence[slice], folded: int) -> Array:
    """(m, 10, folded) each digit's values folded into lines of this length; the least at each place."""
    least = np.full((len(squared), len(slices), folded), np.inf, np.float32)
    length = slices[0].stop
    if all(within.stop - within.start == length for within in slices):
        _fold(squared.reshape(len(squared), len(slices), length), least)
    else:
        for digit, within in enumerate(slices):
            _fold(squared[:, None, within], least[:, digit : digit + 1])
    return least


def _fold(values: Array, least: Array) -> None:
    """Fold (m, d, n) values into lines of `folded` and lower (m, d, folded) `least` to their minimum."""
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
