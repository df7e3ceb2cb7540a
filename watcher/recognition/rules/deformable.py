"""The digit whose nearest references are nearest when both may be distorted a little."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from watcher.recognition.calibration.certainty import leads
from watcher.recognition.features.gradients import Array, directions
from watcher.recognition.rules.candidates import near, squared_distances
from watcher.recognition.rules.gallery import Gallery, gallery_of, restored_gallery
from watcher.recognition.rules.rerank import DIRECTIONS, rerank
from watcher.recognition.similarity import NEAREST, Similarities, check_shape, score_of

BLOCK = 64  # pictures compared with all references at once
DISTORTION = 600.0  # what goes with a squared distance of 1 by directions, more or less
KIN = 4  # references of its own digit that are left out as next of kin to one that is left out,
KIN_SHARE = 8  # but at most one in so many of them


class Deformable:
    """A digit's distance is the mean image distortion towards its three nearest references, or to all it has,
    and a little of the mean squared distance to its three nearest by gradient directions.

    Gradient directions find the references worth this closer look. Where references are few and `augment` is
    true, distorted copies stand beside them. Where digits are nearly as near, more of their references are
    looked at. A digit whose references were not looked at closely is further than all others. The
    nonconformity is the distance by directions alone: where it leaves no doubt, no closer look is needed.
    """

    def __init__(
        self,
        references: NDArray[Any],
        labels: NDArray[np.int64],
        *,
        augment: bool = True,
        gallery: Gallery | None = None,
    ) -> None:
        self._gallery = gallery or gallery_of(references, labels, augment=augment)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The gray pictures, copies and all, and how to find them."""
        return self._gallery.arrays()

    @classmethod
    def restored(cls, arrays: Mapping[str, NDArray[Any]], labels: NDArray[np.int64]) -> Self:
        """The rule that gave these arrays."""
        return cls(arrays["pictures"], labels, gallery=restored_gallery(arrays, labels))

    def compare(self, batch: NDArray[Any], plain: float = np.inf, /) -> Similarities:
        """The similarities of (m, …) normalized pictures of the references' shape.

        Where the lead by directions alone is `plain` or more, they are by directions alone.
        """
        gallery = self._gallery
        check_shape(batch, gallery.shades.shape)
        pictures = gallery.shades.of(batch)
        told = min(NEAREST, len(gallery.originals))
        found = []
        for block in _blocks(len(pictures)):
            places, missing = gallery.principal.of(directions(pictures[block]))
            apart = squared_distances(gallery, places)
            found.append(_compared(gallery, pictures[block], places, missing, apart, told, plain))
        return _together(found)

    def leave_one_out(self, indices: NDArray[np.int64]) -> Similarities:
        """Each chosen reference compared with all the others and their copies, but with none of its own."""
        gallery = self._gallery
        told, fewer_told = (max(0, min(NEAREST, len(gallery.originals) - left_out)) for left_out in (1, 2))
        found, estranged = [], []
        for block in _blocks(len(indices)):
            pictures = gallery.pictures[gallery.originals[indices[block]]]
            places, missing = gallery.principal.of(directions(pictures))
            apart = squared_distances(gallery, places)
            for index, row in zip(indices[block], apart, strict=True):
                row[gallery.owners == index] = np.inf
            further = np.array(
                [_without_kin(gallery, *one) for one in zip(indices[block], apart, strict=True)]
            )
            found.append(_compared(gallery, pictures, places, missing, apart, told))
            estranged.append(_compared(gallery, pictures, places, missing, further, fewer_told))
        return _together(found, _together(estranged))


def _blocks(count: int) -> Iterator[slice]:
    """Where each block of so many pictures lies; of none there is one, too."""
    return (slice(at, at + BLOCK) for at in range(0, max(count, 1), BLOCK))


def _without_kin(gallery: Gallery, index: np.int64, apart: Array) -> Array:
    """The squared distances without the nearest references of its digit: a new writer has none so near."""
    within = gallery.slices[gallery.labels[gallery.originals[index]]]
    owners = list(dict.fromkeys(gallery.owners[within][np.argsort(apart[within], kind="stable")].tolist()))
    kin = owners[: min(KIN, max(1, (len(owners) - 1) // KIN_SHARE))]
    return np.where(np.isin(gallery.owners, kin), np.float32(np.inf), apart)


def _compared(  # noqa: PLR0913, PLR0917 - all that is known of pictures before they are compared
    gallery: Gallery,
    pictures: NDArray[np.uint8],
    places: Array,
    missing: NDArray[np.float64],
    apart: Array,
    told: int,
    plain: float = np.inf,
) -> Similarities:
    """The similarities of (m, 28, 28) pictures whose directions lie at (m, 64) places, (m,) `missing` off.

    `apart` (m, N): their squared distances to the gallery's; what is at inf is left out. `told`: how many of
    the nearest references.
    """
    around = near(gallery, places, missing, apart)
    exited_early = leads(around.rough) >= plain
    distances = (DISTORTION + DIRECTIONS) * around.rough
    owners = gallery.owners[around.overall].tolist()
    rows = (~exited_early).nonzero()[0]
    if len(rows):
        looks, distances[rows] = rerank(gallery, pictures, around, apart, rows)
        for row, look in zip(rows.tolist(), looks, strict=True):
            owners[row] = look.owners(gallery) + owners[row]
    nearest = np.array([list(dict.fromkeys(some))[:told] for some in owners], np.int64)
    return Similarities(score_of(distances), distances, nearest, around.rough, exited_early)


def _together(found: Sequence[Similarities], estranged: Similarities | None = None) -> Similarities:
    """The similarities of all pictures, those of each block after one another."""
    names = ("scores", "distances", "nearest", "nonconformity", "exited_early")
    scores, distances, nearest, nonconformity, exited_early = (
        np.concatenate([getattr(one, name) for one in found]) for name in names
    )
    return Similarities(scores, distances, nearest, nonconformity, exited_early, estranged)
