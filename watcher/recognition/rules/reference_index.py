"""The index that the deformable rule searches: references, augmented copies of them, and their features."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from watcher.recognition.features.augmentation import copies_of
from watcher.recognition.features.gradients import Array, gradient_features
from watcher.recognition.features.gray import GrayScale, gray_scale_of
from watcher.recognition.features.pca import PrincipalComponents, fit_pca
from watcher.recognition.similarity import NEAREST, slices_by_digit

BLOCK = 1000  # pictures whose gradient features are held at once
SAMPLE = 8000  # pictures that the principal components are fitted to


@dataclass(frozen=True)
class ReferenceIndex:
    """N gray pictures, references and augmented copies of them, in ascending order of their digits.

    `pictures` (N, 28, 28) uint8; `labels` (N,) int64. `owners` (N,) int64: the reference that each picture
    is or is a copy of; within a digit the references come first. `features` (N, 64) float32: gradient
    features, projected on the principal components.
    """

    gray_scale: GrayScale
    pictures: NDArray[np.uint8]
    labels: NDArray[np.int64]
    owners: NDArray[np.int64]
    features: Array
    pca: PrincipalComponents

    @cached_property
    def squared_norms(self) -> Array:
        """(N,) squared lengths of the features."""
        return np.asarray(np.einsum("nv,nv->n", self.features, self.features), np.float32)

    @cached_property
    def slices(self) -> list[slice]:
        """The positions of each digit's pictures."""
        return slices_by_digit(self.labels)

    @cached_property
    def originals(self) -> NDArray[np.int64]:
        """(n,) the position of each reference itself."""
        return np.unique(self.owners, return_index=True)[1].astype(np.int64)

    @cached_property
    def enough_pictures(self) -> int:
        """How many nearest pictures always include those of NEAREST different references."""
        return (NEAREST - 1) * int(np.bincount(self.owners).max()) + 1

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Everything to save, except the labels: the references' labels and `owners` give them."""
        return {
            "pictures": self.pictures,
            "owners": self.owners,
            "rows": self.features,
            "mean": self.pca.mean,
            "axes": self.pca.axes,
            "shape": np.array(self.gray_scale.shape, np.int64),
            "levels": np.array([self.gray_scale.low, self.gray_scale.high]),
        }


def build_index(references: NDArray[Any], labels: NDArray[np.int64], *, augment: bool) -> ReferenceIndex:
    """The index of (n, h, w) or (n, h, w, 3) normalized references and their ascending digits (n,).

    Raises UnfitReferencesError for references of any other shape.
    """
    gray_scale = gray_scale_of(references)
    pictures, owners = gray_scale.convert(references), np.arange(len(references))
    if augment:
        copies, copied = copies_of(pictures)
        pictures, owners = np.concatenate([pictures, copies]), np.concatenate([owners, copied])
        order = np.argsort(labels[owners], kind="stable")
        pictures, owners = pictures[order], owners[order]
    step = -(-len(pictures) // SAMPLE)
    sample = gradient_features(pictures[::step])
    pca = fit_pca(sample)
    if step == 1:
        features = pca.project(sample)[0]
    else:
        starts = range(0, len(pictures), BLOCK)
        features = np.concatenate(
            [pca.project(gradient_features(pictures[at : at + BLOCK]))[0] for at in starts]
        )
    return ReferenceIndex(gray_scale, pictures, labels[owners], owners, features, pca)


def restored_index(arrays: Mapping[str, NDArray[Any]], labels: NDArray[np.int64]) -> ReferenceIndex:
    """The index that gave these arrays, for references with these digits (n,). Raises KeyError."""
    low, high = arrays["levels"].tolist()
    return ReferenceIndex(
        GrayScale(tuple(arrays["shape"].tolist()), low, high),
        arrays["pictures"],
        labels[arrays["owners"]],
        arrays["owners"],
        arrays["rows"],
        PrincipalComponents(arrays["mean"], arrays["axes"]),
    )
