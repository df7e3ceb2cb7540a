"""Re-rank candidates by image distortion, in rounds: the closer the two best digits, the more candidates."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from watcher.recognition.calibration.certainty import leads
from watcher.recognition.features.gradients import Array
from watcher.recognition.rules.candidates import FEW, Candidates, first_candidates, more_candidates
from watcher.recognition.rules.distortion import image_distortion
from watcher.recognition.rules.reference_index import ReferenceIndex

FEATURE_WEIGHT = 150.0  # how much of the feature distance is added to the distortion


class Round(NamedTuple):
    """If the lead is below `lead`, measure the nearest `pictures` of each of the best `digits`."""

    lead: float
    digits: int
    pictures: int


ROUNDS = (Round(0.35, 3, 12), Round(0.18, 4, 30), Round(0.08, 4, 80), Round(0.03, 5, 160))
"""Each round takes place only if the lead is still below its limit."""


@dataclass(frozen=True)
class Reranked:
    """The candidates measured for one picture.

    `chosen` (k,) int64: positions in the index, ascending; `distortions` (k,) float32: to each of them.
    """

    chosen: NDArray[np.int64]
    distortions: Array

    def with_more(self, more: NDArray[np.int64], distortions: Array) -> "Reranked":
        """The same, with further candidates."""
        chosen = np.concatenate([self.chosen, more])
        order = np.argsort(chosen)
        return Reranked(chosen[order], np.concatenate([self.distortions, distortions])[order])

    def owners(self, index: ReferenceIndex) -> list[int]:
        """The reference of each measured picture, the nearest first."""
        owners = index.owners[self.chosen]
        return list(owners[np.lexsort((owners, self.distortions))].tolist())


def rerank(
    index: ReferenceIndex,
    pictures: NDArray[np.uint8],
    candidates: Candidates,
    squared: Array,
    rows: NDArray[np.intp],
) -> tuple[list[Reranked], NDArray[np.float64]]:
    """Re-rank the candidates of some of m pictures; also the distances to each digit, (k, 10).

    A distance is inf for a digit without pictures. `candidates`: of all m pictures; `squared` (m, N): from
    `squared_distances`; `rows` (k,): which pictures to re-rank.
    """
    chosen = [first_candidates(candidates, row, squared[row]) for row in rows.tolist()]
    reranked = list(map(Reranked, chosen, _distortions(index, pictures[rows], chosen)))
    by_features = candidates.feature_distances[rows]
    distances = np.stack(list(map(_digit_distances, [index] * len(reranked), reranked, by_features)))
    for step in ROUNDS:
        close = (leads(distances) < step.lead).nonzero()[0]
        if not len(close):
            break
        more = [
            np.setdiff1d(_next_candidates(index, step, distances[at], squared[rows[at]]), reranked[at].chosen)
            for at in close.tolist()
        ]
        found = _distortions(index, pictures[rows[close]], more)
        for at, positions, distortions in zip(close.tolist(), more, found, strict=True):
            reranked[at] = reranked[at].with_more(positions, distortions)
            distances[at] = _digit_distances(index, reranked[at], by_features[at])
    return reranked, distances


def _next_candidates(
    index: ReferenceIndex, step: Round, distances: NDArray[np.float64], squared: Array
) -> NDArray[np.int64]:
    """Positions to measure in a round, for one picture with these distances to each digit, (10,)."""
    best = np.argsort(distances, kind="stable")[: step.digits].tolist()
    return more_candidates(index, best, squared, step.pictures)


def _distortions(
    index: ReferenceIndex, pictures: NDArray[np.uint8], chosen: Sequence[NDArray[np.int64]]
) -> list[Array]:
    """The distortions of each picture towards its chosen candidates, all in one pass over arrays."""
    counts = [len(positions) for positions in chosen]
    found = image_distortion(np.repeat(pictures, counts, axis=0), index.pictures[np.concatenate(chosen)])
    return np.split(found, np.cumsum(counts)[:-1])


def _digit_distances(
    index: ReferenceIndex, reranked: Reranked, by_features: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(10,) distances; a digit that was not measured is further away than all others.

    A measured digit's distance is the mean of its three least distortions, plus FEATURE_WEIGHT times its
    feature distance in `by_features` (10,). A digit without pictures is at inf.
    """
    distances = np.full(10, np.inf)
    digits = index.labels[reranked.chosen]
    order = np.lexsort((reranked.distortions, digits))
    bounds = digits.searchsorted(np.arange(11)).tolist()
    least = reranked.distortions[order].tolist()
    for digit, (start, end) in enumerate(pairwise(bounds)):
        if start < end:
            few = least[start : min(end, start + FEW)]
            distances[digit] = sum(few) / len(few)
    measured = np.isfinite(distances)
    distances[measured] += FEATURE_WEIGHT * by_features[measured]
    furthest = distances[measured].max(initial=0.0)
    others = np.isfinite(by_features) & ~measured
    distances[others] = furthest + (1 + furthest) * by_features[others]
    return distances
