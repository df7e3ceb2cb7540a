"""A closer look at pictures: their image distortions to what is worth it, in rounds while it is close."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from watcher.recognition.calibration.certainty import leads
from watcher.recognition.features.gradients import Array
from watcher.recognition.rules.candidates import FEW, Near, contenders, shortlist
from watcher.recognition.rules.distortion import image_distortion
from watcher.recognition.rules.gallery import Gallery

DIRECTIONS = 150.0  # how much of a distance by directions is added to one by distortion


class Round(NamedTuple):
    """Below which `lead` so many of the best `digits` are looked at again, each one's nearest `pictures`."""

    lead: float
    digits: int
    pictures: int


ROUNDS = (Round(0.35, 3, 12), Round(0.18, 4, 30), Round(0.08, 4, 80), Round(0.03, 5, 160))
"""From round to round it has to be closer still, for more to be looked at."""


@dataclass(frozen=True)
class Reranked:
    """What was looked at, `chosen` (k,) places in the gallery, ascending, and the distortions (k,) to it."""

    chosen: NDArray[np.int64]
    distortions: Array

    def and_at(self, more: NDArray[np.int64], distortions: Array) -> "Reranked":
        """The same look, at other places as well."""
        chosen = np.concatenate([self.chosen, more])
        order = np.argsort(chosen)
        return Reranked(chosen[order], np.concatenate([self.distortions, distortions])[order])

    def owners(self, gallery: Gallery) -> list[int]:
        """Whose the pictures looked at are, the nearest first."""
        owners = gallery.owners[self.chosen]
        return list(owners[np.lexsort((owners, self.distortions))].tolist())


def rerank(
    gallery: Gallery, pictures: NDArray[np.uint8], around: Near, apart: Array, rows: NDArray[np.intp]
) -> tuple[list[Reranked], NDArray[np.float64]]:
    """Looks at some of m pictures, and their distances to each digit, (k, 10): inf where it has no picture.

    `around`: what is near all m; `apart` (m, N): their squared distances; `rows` (k,): which to look at.
    """
    chosen = [shortlist(around, row, apart[row]) for row in rows.tolist()]
    looks = list(map(Reranked, chosen, _distortions(gallery, pictures[rows], chosen)))
    rough = around.rough[rows]
    distances = np.stack(list(map(_digit_distances, [gallery] * len(looks), looks, rough)))
    for again in ROUNDS:
        close = (leads(distances) < again.lead).nonzero()[0]
        if not len(close):
            break
        more = [
            np.setdiff1d(_again(gallery, again, distances[at], apart[rows[at]]), looks[at].chosen)
            for at in close.tolist()
        ]
        found = _distortions(gallery, pictures[rows[close]], more)
        for at, places, distortions in zip(close.tolist(), more, found, strict=True):
            looks[at] = looks[at].and_at(places, distortions)
            distances[at] = _digit_distances(gallery, looks[at], rough[at])
    return looks, distances


def _again(gallery: Gallery, again: Round, distances: NDArray[np.float64], apart: Array) -> NDArray[np.int64]:
    """Where it is worth to look in a round, at one picture with these distances to each digit, (10,)."""
    best = np.argsort(distances, kind="stable")[: again.digits].tolist()
    return contenders(gallery, best, apart, again.pictures)


def _distortions(
    gallery: Gallery, pictures: NDArray[np.uint8], chosen: Sequence[NDArray[np.int64]]
) -> list[Array]:
    """The distortions of each picture towards what is chosen for it: all in one pass over arrays."""
    counts = [len(places) for places in chosen]
    found = image_distortion(np.repeat(pictures, counts, axis=0), gallery.pictures[np.concatenate(chosen)])
    return np.split(found, np.cumsum(counts)[:-1])


def _digit_distances(gallery: Gallery, look: Reranked, rough: NDArray[np.float64]) -> NDArray[np.float64]:
    """(10,) inf for a digit that has no picture; one that was not looked at is further than all others."""
    distances = np.full(10, np.inf)
    digits = gallery.labels[look.chosen]
    order = np.lexsort((look.distortions, digits))
    bounds = digits.searchsorted(np.arange(11)).tolist()
    least = look.distortions[order].tolist()
    for digit, (start, end) in enumerate(pairwise(bounds)):
        if start < end:
            few = least[start : min(end, start + FEW)]
            distances[digit] = sum(few) / len(few)
    measured = np.isfinite(distances)
    distances[measured] += DIRECTIONS * rough[measured]
    furthest = distances[measured].max(initial=0.0)
    others = np.isfinite(rough) & ~measured
    distances[others] = furthest + (1 + furthest) * rough[others]
    return distances
