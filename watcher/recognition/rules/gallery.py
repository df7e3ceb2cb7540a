"""What the deformable rule keeps of its references: gray pictures, copies of them, and how to find them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from watcher.recognition.features.augmentation import copies_of
from watcher.recognition.features.gradients import Array, directions
from watcher.recognition.features.gray import Shades, shades_of
from watcher.recognition.features.pca import Principal, principal_components
from watcher.recognition.similarity import NEAREST, slices_by_digit

BLOCK = 1000  # pictures whose directions are held at once
SAMPLE = 8000  # pictures that the principal components are found in


@dataclass(frozen=True)
class Gallery:
    """N pictures, references and copies of them, in ascending order of their digits.

    `pictures` (N, 28, 28) uint8; `labels` (N,) int64; `owners` (N,) int64: the reference each one is or is a
    copy of, of a digit's pictures the references first; `rows` (N, 64) float32: their gradient directions
    along the principal components.
    """

    shades: Shades
    pictures: NDArray[np.uint8]
    labels: NDArray[np.int64]
    owners: NDArray[np.int64]
    rows: Array
    principal: Principal

    @cached_property
    def squares(self) -> Array:
        """(N,) squared lengths of the rows."""
        return np.asarray(np.einsum("nv,nv->n", self.rows, self.rows), np.float32)

    @cached_property
    def slices(self) -> list[slice]:
        """Where each digit's pictures lie."""
        return slices_by_digit(self.labels)

    @cached_property
    def originals(self) -> NDArray[np.int64]:
        """(n,) where each reference itself lies."""
        return np.unique(self.owners, return_index=True)[1].astype(np.int64)

    @cached_property
    def telling(self) -> int:
        """How many of the nearest pictures are surely of as many references as are told."""
        return (NEAREST - 1) * int(np.bincount(self.owners).max()) + 1

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Everything but the labels, which the owners' tell."""
        shades = self.shades
        return {
            "pictures": self.pictures,
            "owners": self.owners,
            "rows": self.rows,
            "mean": self.principal.mean,
            "axes": self.principal.axes,
            "shape": np.array(shades.shape, np.int64),
            "levels": np.array([shades.low, shades.high]),
        }


def gallery_of(references: NDArray[Any], labels: NDArray[np.int64], *, augment: bool) -> Gallery:
    """The gallery of (n, h, w) or (n, h, w, 3) normalized references and their ascending digits (n,).

    Raises UnfitReferencesError for references of any other shape.
    """
    shades = shades_of(references)
    pictures, owners = shades.of(references), np.arange(len(references))
    if augment:
        copies, copied = copies_of(pictures)
        pictures, owners = np.concatenate([pictures, copies]), np.concatenate([owners, copied])
        order = np.argsort(labels[owners], kind="stable")
        pictures, owners = pictures[order], owners[order]
    step = -(-len(pictures) // SAMPLE)
    some = directions(pictures[::step])
    principal = principal_components(some)
    if step == 1:
        rows = principal.of(some)[0]
    else:
        starts = range(0, len(pictures), BLOCK)
        rows = np.concatenate([principal.of(directions(pictures[at : at + BLOCK]))[0] for at in starts])
    return Gallery(shades, pictures, labels[owners], owners, rows, principal)


def restored_gallery(arrays: Mapping[str, NDArray[Any]], labels: NDArray[np.int64]) -> Gallery:
    """The gallery that gave these arrays, of references with these digits (n,). Raises KeyError."""
    low, high = arrays["levels"].tolist()
    return Gallery(
        Shades(tuple(arrays["shape"].tolist()), low, high),
        arrays["pictures"],
        labels[arrays["owners"]],
        arrays["owners"],
        arrays["rows"],
        Principal(arrays["mean"], arrays["axes"]),
    )
