"""Normalized pictures of any shape and range as gray pictures of one size, one byte a pixel."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from watcher.errors import UnfitReferencesError

SIZE = 28
BLOCK = 1000  # pictures converted at once


@dataclass(frozen=True)
class GrayScale:
    """The shape of normalized pictures, and the values that become 0 and 255."""

    shape: tuple[int, ...]
    low: float
    high: float

    def convert(self, pictures: NDArray[Any]) -> NDArray[np.uint8]:
        """(m, 28, 28) uint8 of (m, …) pictures of this shape; colors are averaged, other sizes are scaled."""
        gray = np.empty((len(pictures), SIZE, SIZE), np.uint8)
        for at in range(0, len(pictures), BLOCK):
            some = pictures[at : at + BLOCK].astype(np.float32)
            if some.ndim == 4:
                some = some.mean(axis=3)
            levels = np.rint((some - self.low) * (255 / (self.high - self.low))).clip(0, 255)
            for row, picture in enumerate(levels.astype(np.uint8), start=at):
                gray[row] = _resized(picture)
        return gray


def gray_scale_of(references: NDArray[Any]) -> GrayScale:
    """The gray scale that covers all values of (n, h, w) or (n, h, w, 3) references, and 0.

    Raises UnfitReferencesError for references of any other shape.
    """
    shape = references.shape[1:]
    if not (len(shape) == 2 or (len(shape) == 3 and shape[2] == 3)):
        raise UnfitReferencesError(
            f"the rule deformable compares pictures of shape (h, w) or (h, w, 3), not {shape}"
        )
    low, high = min(0.0, float(references.min())), float(references.max())
    return GrayScale(shape, low, high if high > low else low + 1)


def _resized(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    if picture.shape == (SIZE, SIZE):
        return picture
    return np.asarray(cv2.resize(picture, (SIZE, SIZE), interpolation=cv2.INTER_AREA), np.uint8)
