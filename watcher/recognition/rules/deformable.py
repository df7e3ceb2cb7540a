"""The digit whose nearest references are nearest when both may be distorted a little."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from watcher.recognition.directions import Array, directions
from watcher.recognition.distortion import image_distortion
from watcher.recognition.rules.gallery import Gallery, gallery_of, restored_gallery
from watcher.recognition.rules.shortlist import FEW, Shortlist, shortlist, squared_distances
from watcher.recognition.similarity import NEAREST, Similarities, check_shape, score_of

KIN = 4  # references of its own digit that are left out as next of kin to one that is left out,
KIN_SHARE = 8  # but at most one in so many of them


@dataclass(frozen=True)
class _Found:
    """What is found of one picture: the rows of Similarities."""

    distances: NDArray[np.float64]
    nearest: NDArray[np.int64]
    strangeness: NDArray[np.float64]
    estranged: NDArray[np.float64] | None = None


class Deformable:
    """A digit's distance is the mean image distortion towards its three nearest references, or to all it has.

    Gradient directions find the references worth this closer look. Where references are few and `augment` is
    true, distorted copies stand beside them. A digit whose references were not looked at closely is further
    than all others. The strangeness is the mean squared distance by directions to a digit's three nearest.
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
        """The grey pictures, copies and all, and how to find them."""
        return self._gallery.arrays()

    @classmethod
    def restored(cls, arrays: Mapping[str, NDArray[Any]], labels: NDArray[np.int64]) -> Self:
        """The rule that gave these arrays."""
        return cls(arrays["pictures"], labels, gallery=restored_gallery(arrays, labels))

    def compare(self, batch: NDArray[Any]) -> Similarities:
        """The similarities of (m, …) normalised pictures of the references' shape."""
        check_shape(batch, self._gallery.shades.shape)
        pictures = self._gallery.shades.of(batch)
        told = min(NEAREST, len(self._gallery.originals))
        found = [
            self._compare(picture, row, told)
            for picture, row in zip(pictures, directions(pictures), strict=True)
        ]
        return _together(found, told)

    def leave_one_out(self, indices: NDArray[np.int64]) -> Similarities:
        """Each chosen reference compared with all the others and their copies, but with none of its own."""
        pictures = self._gallery.pictures[self._gallery.originals[indices]]
        told = min(NEAREST, len(self._gallery.originals) - 1)
        found = [
            self._compare_left_out(int(index), picture, row, told)
            for index, picture, row in zip(indices, pictures, directions(pictures), strict=True)
        ]
        return _together(found, told)

    def _compare(self, picture: NDArray[np.uint8], row: Array, told: int) -> _Found:
        gallery = self._gallery
        apart, amount = squared_distances(gallery, row)
        few = shortlist(gallery, apart, amount)
        distortions = image_distortion(picture, gallery.pictures[few.chosen])
        return _Found(
            _digit_distances(gallery, few, distortions),
            _nearest(gallery, few, distortions, apart, told),
            few.rough,
        )

    def _compare_left_out(self, index: int, picture: NDArray[np.uint8], row: Array, told: int) -> _Found:
        gallery = self._gallery
        apart, amount = squared_distances(gallery, row)
        apart[gallery.owners == index] = np.inf
        few = shortlist(gallery, apart, amount)

        kin = _next_of_kin(gallery, gallery.slices[gallery.labels[gallery.originals[index]]], apart)
        further = np.where(np.isin(gallery.owners, kin), np.float32(np.inf), apart)
        fewer = shortlist(gallery, further, amount)

        looked_at = np.union1d(few.chosen, fewer.chosen)
        distortions = image_distortion(picture, gallery.pictures[looked_at])
        of_few = distortions[np.searchsorted(looked_at, few.chosen)]
        of_fewer = distortions[np.searchsorted(looked_at, fewer.chosen)]
        return _Found(
            _digit_distances(gallery, few, of_few),
            _nearest(gallery, few, of_few, apart, told),
            few.rough,
            _digit_distances(gallery, fewer, of_fewer),
        )


def _next_of_kin(gallery: Gallery, within: slice, apart: Array) -> NDArray[np.int64]:
    """The nearest references of a digit, which lie `within` the gallery: a new writer has none so near."""
    owners = _each_once(gallery.owners[within][np.argsort(apart[within], kind="stable")])
    others = len(owners) - 1
    return owners[: min(KIN, max(1, others // KIN_SHARE))]


def _digit_distances(gallery: Gallery, few: Shortlist, distortions: Array) -> NDArray[np.float64]:
    """(10,) inf for a digit that has no picture."""
    distances = np.full(10, np.inf)
    digits = gallery.labels[few.chosen]
    for digit in np.unique(digits):
        distances[digit] = np.sort(distortions[digits == digit])[:FEW].mean(dtype=np.float64)
    measured = np.isfinite(distances)
    furthest = distances[measured].max(initial=0.0)
    others = np.isfinite(few.rough) & ~measured
    distances[others] = furthest + (1 + furthest) * few.rough[others]
    return distances


def _nearest(
    gallery: Gallery, few: Shortlist, distortions: Array, apart: Array, told: int
) -> NDArray[np.int64]:
    """(told,) the nearest references, each once, whether by itself or by a copy."""
    owners = gallery.owners[few.chosen]
    found = _each_once(owners[np.lexsort((owners, distortions))])
    if len(found) < told:
        order = np.argsort(apart, kind="stable")
        rest = gallery.owners[order[np.isfinite(apart[order])]]
        found = _each_once(np.concatenate([found, rest]))
    return found[:told]


def _each_once(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """The numbers in the order of their first appearance."""
    return numbers[np.sort(np.unique(numbers, return_index=True)[1])]


def _together(found: Sequence[_Found], told: int) -> Similarities:
    distances = np.array([one.distances for one in found]).reshape(-1, 10)
    estranged = [one.estranged for one in found if one.estranged is not None]
    return Similarities(
        score_of(distances),
        distances,
        np.array([one.nearest for one in found], np.int64).reshape(len(found), told),
        np.array([one.strangeness for one in found]).reshape(-1, 10),
        np.array(estranged).reshape(-1, 10) if estranged else None,
    )
