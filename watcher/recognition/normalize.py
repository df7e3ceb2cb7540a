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
BOX = 20  # pixels of the digit's longer side
INK = 0.5  # coverage from which a pixel counts towards the digit's extent
BLUR = 0.7  # standard deviation in pixels of the result: scales down smoothly, and bears small shifts
STEEPEST = 0.6  # of the shear that upright digits are taken to have been written with


def none(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The picture's own colors, (64, 64, 3) float32 from 0 to 1."""
    return picture.astype(np.float32) / np.float32(255)


def binary(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(64, 64) uint8: 1 (ink) where the mean of red, green and blue is below 255/2, 0 (paper) elsewhere."""
    red, green, blue = (picture[..., channel].astype(np.uint16) for channel in range(3))
    return np.asarray(2 * (red + green + blue) < 3 * 255, np.uint8)


def centred(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The digit alone, (28, 28) float32 from 0 (paper) to 1, all zeros where there is no ink.

    Set upright by a shear that takes the slant out of its second moments, its longer side 20 pixels, its
    centre of mass in the middle, lightly blurred: the layout of MNIST, deskewed (LeCun et al., Gradient-based
    learning applied to document recognition, 1998).
    """
    ink = ink_coverage(picture)
    inked = np.flatnonzero(ink >= INK)
    if not inked.size:
        return np.zeros((SIZE, SIZE), np.float32)
    x, y, slant = _centre_and_slant(ink)
    rows, columns = np.divmod(inked, ink.shape[1])
    upright = columns - slant * rows
    scale = BOX / (1 + max(int(rows[-1] - rows[0]), float(upright.max() - upright.min())))
    middle = (SIZE - 1) / 2
    across = [scale, -scale * slant, middle - scale * (x - slant * y)]
    down = [0, scale, middle - scale * y]
    smooth = cv2.GaussianBlur(ink, (0, 0), BLUR / scale)
    placed = np.asarray(cv2.warpAffine(smooth, np.array([across, down]), (SIZE, SIZE)), np.float32)
    placed /= placed.max()
    return placed


def _centre_and_slant(ink: NDArray[np.float32]) -> tuple[float, float, float]:
    """The centre of mass, x and y, and how far the ink leans to the right for each row further down."""
    moments = cv2.moments(ink)
    x, y = moments["m10"] / moments["m00"], moments["m01"] / moments["m00"]
    lean = moments["mu11"] / moments["mu02"] if moments["mu02"] > 0 else 0.0
    return x, y, min(max(lean, -STEEPEST), STEEPEST)


NORMALIZERS: Mapping[str, Normalizer] = MappingProxyType({"none": none, "binary": binary, "centred": centred})
