"""Which pictures of a gallery are worth a closer look: those whose gradient directions are most alike."""

import numpy as np
from numpy.typing import NDArray

from watcher.recognition.directions import Array
from watcher.recognition.rules.gallery import Gallery
from watcher.recognition.rules.nearest import mean_of_finite

CANDIDATES = 30
RIVALS = 3  # digits whose nearest pictures are candidates in any case
FEW = 3  # nearest pictures that a digit's distance is the mean of
TIE = 1e-5  # squared distances this near to each other count as equal
THINNED = 8  # one in this many
FOLDS = 16  # of which the least is found first


def squared_distances(gallery: Gallery, places: Array) -> Array:
    """Squared distances, (m, N), of (m, 64) places to the gallery's, but for the squares of the places."""
    distances = np.asarray((-2 * places) @ gallery.rows.T, np.float32)
    distances += gallery.squares
    return distances


def rough_distances(
    gallery: Gallery, places: Array, missing: NDArray[np.float64], apart: Array
) -> NDArray[np.float64]:
    """(m, 10) the mean squared distance to each digit's few nearest pictures, inf without any.

    `apart` (m, N): what `squared_distances` gave; a picture at inf is left out. These numbers depend on the
    size of the batch in their last digits: those of the nearest are worked out again, exactly.
    """
    rough = np.full((len(apart), 10), np.inf)
    for digit, within in enumerate(gallery.slices):
        if within.start < within.stop:
            nearest = within.start + _few_least(apart[:, within])
            exact = np.square(gallery.rows[nearest] - places[:, None]).sum(axis=2, dtype=np.float64)
            exact[np.isinf(np.take_along_axis(apart, nearest, axis=1))] = np.inf
            rough[:, digit] = mean_of_finite(exact) + missing
    return rough


def shortlist(gallery: Gallery, apart: Array, rough: NDArray[np.float64]) -> NDArray[np.int64]:
    """Where the candidates for one picture lie, ascending: from its (N,) squared and (10,) rough distances.

    They are the nearest of all, and the nearest of the best digits: so that the runners-up are measured too.
    Of pictures that are equally near all are candidates, so that none is preferred.
    """
    last = np.partition(rough, RIVALS - 1)[RIVALS - 1]
    rivals = [gallery.slices[digit] for digit in np.flatnonzero(np.isfinite(rough) & (rough <= last + TIE))]
    tops = [within.start + least(apart[within], FEW) for within in rivals]
    chosen = np.unique(np.concatenate([least(apart, CANDIDATES), *tops]))
    return np.asarray(chosen[np.isfinite(apart[chosen])], np.int64)


def least(values: Array, count: int) -> NDArray[np.int64]:
    """Where the `count` least of (n,) values are, and some that equal the last; the least come first."""
    places, some = np.arange(len(values)), values
    if len(values) > 2 * THINNED * count:  # a bound found in a part of them leaves few to look at
        places = np.flatnonzero(values <= _smallest(values[::THINNED], count) + TIE)
        some = values[places]
    if len(some) > count:
        near = np.flatnonzero(some <= _smallest(some, count) + TIE)
        places, some = places[near], some[near]
    return places[np.argsort(some, kind="stable")[: 2 * count]]


def _smallest(values: Array, number: int) -> float:
    return float(np.partition(values, number - 1)[number - 1])


def _few_least(values: Array) -> NDArray[np.int64]:
    """(m, 3) where the least of each row of (m, n) values are, or all it has."""
    count, width = values.shape
    folded = width // FOLDS
    if folded <= 2 * FEW:
        few = min(FEW, width)
        return np.argpartition(values, few - 1, axis=1)[:, :few]
    # The three least lie in the columns whose least values are least, or in the rest that was not folded.
    folds = values[:, : FOLDS * folded].reshape(count, FOLDS, folded)
    columns = np.argpartition(folds.min(axis=1), FEW - 1, axis=1)[:, None, :FEW]
    rest = np.arange(FOLDS * folded, width)
    places = (columns + folded * np.arange(FOLDS)[:, None]).reshape(count, -1)
    places = np.concatenate([places, np.broadcast_to(rest, (count, len(rest)))], axis=1)
    least_of_few = np.argpartition(np.take_along_axis(values, places, axis=1), FEW - 1, axis=1)[:, :FEW]
    return np.take_along_axis(places, least_of_few, axis=1)
