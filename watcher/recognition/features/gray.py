"""Normalized pictures of any shape and range as gray ones of one size, a byte a pixel."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from watcher.errors import UnfitReferencesError

SIZE = 28
BLOCK = 1000  # pictures converted at once


@dataclass(frozen=True)
class Shades:
    """The shape of normalized pictures, and the values that become 0 and 255."""

    shape: tuple[int, ...]
    low: float
    high: float

    def of(self, pictures: NDArray[Any]) -> NDArray[np.uint8]:
        """(m, 28, 28) uint8 of (m, …) pictures of this shape; colors are averaged, other sizes scaled."""
        gray = np.empty((len(pictures), SIZE, SIZE), np.uint8)
        for at in range(0, len(pictures), BLOCK):
            some = pictures[at : at + BLOCK].astype(np.float32)
            if some.ndim == 4:
                some = some.mean(axis=3)
            levels = np.rint((some - self.low) * (255 / (self.high - self.low))).clip(0, 255)
            for row, picture in enumerate(levels.astype(np.uint8), start=at):
                gray[row] = _sized(picture)
        return gray


def shades_of(references: NDArray[Any]) -> Shades:
    """The shades that cover all that (n, h, w) or (n, h, w, 3) references hold; nothing is 0.

    Raises UnfitReferencesError where they are not of such a shape.
    """
    shape = references.shape[1:]
    if not (len(shape) == 2 or (len(shape) == 3 and shape[2] == 3)):
        raise UnfitReferencesError(
            f"the rule deformable compares pictures of shape (h, w) or (h, w, 3), not {shape}"
        )
    low, high = min(0.0, float(references.min())), float(references.max())
    return Shades(shape, low, high if high > low else low + 1)


def _sized(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    if picture.shape == (SIZE, SIZE):
        return picture
    return np.asarray(cv2.resize(picture, (SIZE, SIZE), interpolation=cv2.INTER_AREA), np.uint8)
