"""From a picture, (64, 64, 3) uint8 RGB, to the array that the rules compare."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from watcher.recognition.ink import ink_coverage

Normalizer = Callable[[NDArray[np.uint8]], NDArray[Any]]

SIZE = 28
BOX = 20.0
INK = 0.5  # coverage from which a pixel counts towards the digit's extent


def none(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The picture's own colors, (64, 64, 3) float32 from 0 to 1."""
    return picture.astype(np.float32) / np.float32(255)


def binary(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(64, 64) uint8: 1 (ink) where the mean of red, green and blue is below 255/2, 0 (paper) elsewhere."""
    total = picture.sum(axis=2, dtype=np.uint16)
    return np.asarray(2 * total < 3 * 255, np.uint8)


def centred(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The digit alone, (28, 28) float32 from 0 (paper) to 1, all zeros where there is no ink.

    Its longer side is 20 pixels, and its centre of mass lies in the middle: MNIST's way of laying out digits
    (LeCun et al., Gradient-based learning applied to document recognition, 1998).
    """
    ink: NDArray[Any] = ink_coverage(picture)
    rows, columns = np.flatnonzero(ink.max(axis=1) >= INK), np.flatnonzero(ink.max(axis=0) >= INK)
    if not rows.size:
        return np.zeros((SIZE, SIZE), np.float32)
    scale = BOX / (1 + max(rows[-1] - rows[0], columns[-1] - columns[0]))
    if scale < 1:
        ink = cv2.GaussianBlur(ink, (0, 0), 0.4 / scale)
    total = ink.sum()
    x = float(ink.sum(axis=0) @ np.arange(ink.shape[1], dtype=np.float32) / total)
    y = float(ink.sum(axis=1) @ np.arange(ink.shape[0], dtype=np.float32) / total)
    middle = (SIZE - 1) / 2
    placed = cv2.warpAffine(
        ink, np.array([[scale, 0, middle - scale * x], [0, scale, middle - scale * y]]), (SIZE, SIZE)
    )
    return np.asarray(placed / placed.max(), np.float32)


NORMALIZERS: Mapping[str, Normalizer] = MappingProxyType({"none": none, "binary": binary, "centred": centred})
