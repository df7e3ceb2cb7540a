"""Which pictures of a gallery are worth a closer look: those whose gradient directions are most alike."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from watcher.recognition.directions import Array
from watcher.recognition.rules.gallery import Gallery

CANDIDATES = 30
RIVALS = 3  # digits whose nearest pictures are candidates in any case
FEW = 3  # nearest pictures that a digit's distance is the mean of
TIE = 1e-5  # squared distances this near to each other count as equal
THINNED = 8  # one in this many


@dataclass(frozen=True)
class Shortlist:
    """`chosen` (k,): the candidates' places in the gallery, ascending.

    `rough` (10,) float64: the mean squared distance to each digit's few nearest pictures, inf without any.
    """

    chosen: NDArray[np.int64]
    rough: NDArray[np.float64]


def squared_distances(gallery: Gallery, directions: Array) -> tuple[Array, float]:
    """Squared distances, (N,), of (648,) gradient directions to the gallery's, but for an equal amount."""
    place, missing = gallery.principal.of(directions)
    return gallery.rows @ (-2 * place) + gallery.squares, float(place @ place) + missing


def shortlist(gallery: Gallery, apart: Array, amount: float) -> Shortlist:
    """The candidates by what `squared_distances` gave; a picture at inf is left out.

    They are the nearest of all, and the nearest of the best digits: so that the runners-up are measured too.
    Of pictures that are equally near all are candidates, so that none is preferred.
    """
    tops = [within.start + _least(apart[within], FEW) for within in gallery.slices]
    rough = np.array([_mean_of_least(apart[top]) for top in tops]) + amount
    last = np.partition(rough, RIVALS - 1)[RIVALS - 1]
    rivals = [top for top, distance in zip(tops, rough, strict=True) if distance <= last + TIE]
    chosen = np.unique(np.concatenate([_least(apart, CANDIDATES), *rivals]))
    return Shortlist(chosen[np.isfinite(apart[chosen])], np.maximum(rough, 0))


def _mean_of_least(values: Array) -> float:
    few = np.sort(values[np.isfinite(values)])[:FEW]
    return float(few.mean()) if len(few) else np.inf


def _least(values: Array, count: int) -> NDArray[np.int64]:
    """Where the `count` least of (n,) values are, and some that equal the last of them."""
    if len(values) <= count:
        return np.arange(len(values))
    places, some = np.arange(len(values)), values
    if len(values) > 2 * THINNED * count:  # a bound found in a part of them leaves few to look at
        places = np.flatnonzero(values <= _smallest(values[::THINNED], count) + TIE)
        some = values[places]
    near = np.flatnonzero(some <= _smallest(some, count) + TIE)
    return places[near[np.argsort(some[near], kind="stable")[: 2 * count]]]


def _smallest(values: Array, number: int) -> float:
    return float(np.partition(values, number - 1)[number - 1])
