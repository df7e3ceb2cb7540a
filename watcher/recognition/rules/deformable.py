"""The digit whose nearest references are nearest when both may be distorted a little."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from watcher.recognition.calibration.certainty import leads
from watcher.recognition.features.gradients import Array, gradient_features
from watcher.recognition.rules.candidates import find_candidates, squared_distances
from watcher.recognition.rules.reference_index import ReferenceIndex, build_index, restored_index
from watcher.recognition.rules.rerank import FEATURE_WEIGHT, rerank
from watcher.recognition.similarity import NEAREST, Similarities, check_shape, score_of

BLOCK = 64  # pictures compared with all references at once
DISTORTION = 600.0  # the usual distortion where the squared feature distance is 1
KIN = 4  # nearest references of its own digit that are left out to imitate a new writer,
KIN_SHARE = 8  # but at most one in this many of them


class Deformable:
    """A digit's distance is the mean image distortion to its three nearest references, plus a share of the
    mean squared distance to its three nearest by gradient features.

    The features find the candidates, and image distortion re-ranks them. If there are few references and
    `augment` is true, the index also holds distorted copies of them. The closer the two best digits are, the
    more candidates are measured. A digit without a measured candidate is further away than all others. The
    nonconformity is the feature distance alone. If it leaves no doubt, nothing is re-ranked.
    """

    def __init__(
        self,
        references: NDArray[Any],
        labels: NDArray[np.int64],
        *,
        augment: bool = True,
        index: ReferenceIndex | None = None,
    ) -> None:
        self._index = index or build_index(references, labels, augment=augment)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The index: gray pictures with all copies, and their features."""
        return self._index.arrays()

    @classmethod
    def restored(cls, arrays: Mapping[str, NDArray[Any]], labels: NDArray[np.int64]) -> Self:
        """The rule that gave these arrays."""
        return cls(arrays["pictures"], labels, index=restored_index(arrays, labels))

    def compare(self, batch: NDArray[Any], exit_lead: float = np.inf, /) -> Similarities:
        """The similarities of (m, …) normalized pictures of the references' shape.

        If the feature distances give a lead of `exit_lead` or more, the answer is theirs alone.
        """
        index = self._index
        check_shape(batch, index.gray_scale.shape)
        pictures = index.gray_scale.convert(batch)
        count = min(NEAREST, len(index.originals))
        found = []
        for block in _blocks(len(pictures)):
            features, residuals = index.pca.project(gradient_features(pictures[block]))
            squared = squared_distances(index, features)
            found.append(_compared(index, pictures[block], features, residuals, squared, count, exit_lead))
        return _joined(found)

    def leave_one_out(self, indices: NDArray[np.int64]) -> Similarities:
        """Each chosen reference compared with all the others and their copies, not with its own copies."""
        index = self._index
        count, fewer = (max(0, min(NEAREST, len(index.originals) - left_out)) for left_out in (1, 2))
        found, as_new_writer = [], []
        for block in _blocks(len(indices)):
            pictures = index.pictures[index.originals[indices[block]]]
            features, residuals = index.pca.project(gradient_features(pictures))
            squared = squared_distances(index, features)
            for reference, row in zip(indices[block], squared, strict=True):
                row[index.owners == reference] = np.inf
            without_kin = np.array(
                [_without_kin(index, *one) for one in zip(indices[block], squared, strict=True)]
            )
            found.append(_compared(index, pictures, features, residuals, squared, count))
            as_new_writer.append(_compared(index, pictures, features, residuals, without_kin, fewer))
        return _joined(found, _joined(as_new_writer))


def _blocks(count: int) -> Iterator[slice]:
    """Slices of BLOCK pictures; one empty slice if there are none."""
    return (slice(at, at + BLOCK) for at in range(0, max(count, 1), BLOCK))


def _without_kin(index: ReferenceIndex, reference: np.int64, squared: Array) -> Array:
    """(N,) squared distances with the nearest references of the same digit at inf.

    These are mostly by the same writer, and a new writer has none so near.
    """
    within = index.slices[index.labels[index.originals[reference]]]
    owners = list(dict.fromkeys(index.owners[within][np.argsort(squared[within], kind="stable")].tolist()))
    kin = owners[: min(KIN, max(1, (len(owners) - 1) // KIN_SHARE))]
    return np.where(np.isin(index.owners, kin), np.float32(np.inf), squared)


def _compared(  # noqa: PLR0913, PLR0917 - all that is known of pictures before they are compared
    index: ReferenceIndex,
    pictures: NDArray[np.uint8],
    features: Array,
    residuals: NDArray[np.float64],
    squared: Array,
    count: int,
    exit_lead: float = np.inf,
) -> Similarities:
    """The similarities of (m, 28, 28) pictures with (m, 64) features and (m,) residuals.

    `squared` (m, N): squared distances to the index; a picture at inf is left out. `count`: how many nearest
    references to name.
    """
    candidates = find_candidates(index, features, residuals, squared)
    exited_early = leads(candidates.feature_distances) >= exit_lead
    distances = (DISTORTION + FEATURE_WEIGHT) * candidates.feature_distances
    owners = index.owners[candidates.nearest].tolist()
    rows = (~exited_early).nonzero()[0]
    if len(rows):
        reranked, distances[rows] = rerank(index, pictures, candidates, squared, rows)
        for row, one in zip(rows.tolist(), reranked, strict=True):
            owners[row] = one.owners(index) + owners[row]
    nearest = np.array([list(dict.fromkeys(some))[:count] for some in owners], np.int64)
    return Similarities(score_of(distances), distances, nearest, candidates.feature_distances, exited_early)


def _joined(found: Sequence[Similarities], as_new_writer: Similarities | None = None) -> Similarities:
    """The similarities of all pictures, block after block."""
    names = ("scores", "distances", "nearest", "nonconformity", "exited_early")
    scores, distances, nearest, nonconformity, exited_early = (
        np.concatenate([getattr(one, name) for one in found]) for name in names
    )
    return Similarities(scores, distances, nearest, nonconformity, exited_early, as_new_writer)
