"""The digit whose nearest references are nearest when both may be distorted a little."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from watcher.recognition.certainty import leads
from watcher.recognition.directions import Array, directions
from watcher.recognition.distortion import image_distortion
from watcher.recognition.rules.gallery import Gallery, gallery_of, restored_gallery
from watcher.recognition.rules.shortlist import FEW, contenders, near, shortlist, squared_distances
from watcher.recognition.similarity import NEAREST, Similarities, check_shape, score_of

BLOCK = 64  # pictures compared with all references at once
DIRECTIONS = 150.0  # how much of a distance by directions is added to one by distortion
DISTORTION = 600.0  # what goes with a squared distance of 1 by directions, more or less
CLOSE = 0.1  # lead below which more references of the two best digits are looked at
KIN = 4  # references of its own digit that are left out as next of kin to one that is left out,
KIN_SHARE = 8  # but at most one in so many of them


@dataclass(frozen=True)
class _Found:
    """What is found of one picture: its rows of Similarities."""

    distances: NDArray[np.float64]
    nearest: list[int]
    rough: NDArray[np.float64]
    glanced: bool


@dataclass(frozen=True)
class _Look:
    """The (k,) chosen places in the gallery and the (k,) image distortions towards what lies there."""

    chosen: NDArray[np.int64]
    distortions: Array

    def and_at(self, more: NDArray[np.int64], picture: NDArray[np.uint8], gallery: Gallery) -> "_Look":
        """The same look, at `more` places as well, in ascending order."""
        new = np.setdiff1d(more, self.chosen)
        chosen = np.concatenate([self.chosen, new])
        distortions = np.concatenate([self.distortions, image_distortion(picture, gallery.pictures[new])])
        order = np.argsort(chosen)
        return _Look(chosen[order], distortions[order])


class Deformable:
    """A digit's distance is the mean image distortion towards its three nearest references, or to all it has,
    and a little of the mean squared distance to its three nearest by gradient directions.

    Gradient directions find the references worth this closer look. Where references are few and `augment` is
    true, distorted copies stand beside them. Where two digits are nearly as near, more of their references
    are looked at. A digit whose references were not looked at closely is further than all others. The
    strangeness is the distance by directions alone: where it leaves no doubt, the closer look can be spared.
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

    def compare(self, batch: NDArray[Any], plain: float = np.inf, /) -> Similarities:
        """The similarities of (m, …) normalised pictures of the references' shape.

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
            around = near(gallery, places, missing, apart)
            by_directions = (DISTORTION + DIRECTIONS) * around.rough
            owners = gallery.owners[around.overall].tolist()
            enough = (leads(around.rough) >= plain).tolist()
            for row, (picture, glanced) in enumerate(zip(pictures[block], enough, strict=True)):
                rough = around.rough[row]
                if glanced:
                    found.append(_Found(by_directions[row], _first(owners[row], told), rough, glanced=True))
                else:
                    chosen = shortlist(around, row, apart[row])
                    look = _Look(chosen, image_distortion(picture, gallery.pictures[chosen]))
                    found.append(_looked_at(gallery, picture, look, apart[row], owners[row], rough, told))
        return _together(found, told)

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
            near_by, near_others = (near(gallery, places, missing, some) for some in (apart, further))
            owners, other_owners = (gallery.owners[some.overall].tolist() for some in (near_by, near_others))
            for row, picture in enumerate(pictures):
                few, fewer = shortlist(near_by, row, apart[row]), shortlist(near_others, row, further[row])
                both = np.union1d(few, fewer)
                distortions = image_distortion(picture, gallery.pictures[both])
                look, other = (_Look(some, distortions[np.searchsorted(both, some)]) for some in (few, fewer))
                rough, other_rough = near_by.rough[row], near_others.rough[row]
                found.append(_looked_at(gallery, picture, look, apart[row], owners[row], rough, told))
                other_found = _looked_at(
                    gallery, picture, other, further[row], other_owners[row], other_rough, fewer_told
                )
                estranged.append(other_found)
        return _together(found, told, _together(estranged, fewer_told))


def _blocks(count: int) -> Iterator[slice]:
    return (slice(at, at + BLOCK) for at in range(0, count, BLOCK))


def _without_kin(gallery: Gallery, index: np.int64, apart: Array) -> Array:
    """The squared distances without the nearest references of its digit: a new writer has none so near."""
    within = gallery.slices[gallery.labels[gallery.originals[index]]]
    owners = list(dict.fromkeys(gallery.owners[within][np.argsort(apart[within], kind="stable")].tolist()))
    kin = owners[: min(KIN, max(1, (len(owners) - 1) // KIN_SHARE))]
    return np.where(np.isin(gallery.owners, kin), np.float32(np.inf), apart)


def _looked_at(  # noqa: PLR0913, PLR0917 - all that is known of one picture
    gallery: Gallery,
    picture: NDArray[np.uint8],
    look: _Look,
    apart: Array,
    others: list[int],
    rough: NDArray[np.float64],
    told: int,
) -> _Found:
    """What a closer look says of a picture; `others`: whose the pictures near it are, the nearest first."""
    distances = _digit_distances(gallery, look, rough)
    if leads(distances[None])[0] < CLOSE:
        best, second = np.argsort(distances, kind="stable")[:2].tolist()
        look = look.and_at(contenders(gallery, (best, second), apart), picture, gallery)
        distances = _digit_distances(gallery, look, rough)
    order = np.lexsort((gallery.owners[look.chosen], look.distortions))
    owners = gallery.owners[look.chosen[order]].tolist()
    return _Found(distances, _first([*owners, *others], told), rough, glanced=False)


def _digit_distances(gallery: Gallery, look: _Look, rough: NDArray[np.float64]) -> NDArray[np.float64]:
    """(10,) inf for a digit that has no picture."""
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


def _first(owners: list[int], told: int) -> list[int]:
    """The first so many different references."""
    return list(dict.fromkeys(owners))[:told]


def _together(found: Sequence[_Found], told: int, estranged: Similarities | None = None) -> Similarities:
    distances = np.array([one.distances for one in found]).reshape(-1, 10)
    return Similarities(
        score_of(distances),
        distances,
        np.array([one.nearest for one in found], np.int64).reshape(len(found), told),
        np.array([one.rough for one in found]).reshape(-1, 10),
        np.array([one.glanced for one in found], np.bool_),
        estranged,
    )
