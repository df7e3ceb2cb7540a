"""The contrast of each pixel to its paper, in any colors and any light."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from watcher.recognition.ink.background import Array, ink_shades

CELL = 4  # side, in pixels, of the square cells in which the paper is estimated
WINDOW = 7  # cells: ink is narrower than this in one direction, paper and shadow are wider
OUTSIDE = 2  # cells of a window past the border: more take fat strokes there for paper, fewer shadows for ink
SMOOTHING = 3.5  # standard deviation, in pixels, of the Gaussian that smooths the paper
DARKEST = 0.1  # of the ink's contrast: nothing darker than this is paper in shadow; it is a stroke


def ink_contrast(pictures: NDArray[np.uint8]) -> Array:
    """Contrast to the paper of (n, h, w, 3) uint8 RGB pictures, (n, h, w) float32 in levels of 8-bit color.

    It is much like the white top-hat transform of the shades. Paper gives values near 0, none below. Light
    ink on dark paper gives high values, as dark ink on light paper does. Width and height must be multiples
    of 4.
    """
    shades = ink_shades(pictures)
    contrast = np.subtract(shades, _paper(shades), out=shades)
    return np.asarray(np.maximum(contrast, 0, out=contrast), np.float32)


def _paper(shades: Array) -> Array:
    """(n, h, w) the paper's shade at each pixel.

    Morphological opening removes all that is as narrow as a stroke; the paper under the ink remains. Paper
    changes slowly, so one value for each cell is enough.
    """
    _, height, width = shades.shape
    everywhere = _eroded(_least_of_cells(shades), OUTSIDE)
    opened = -_eroded(-everywhere, WINDOW - 1 - OUTSIDE)
    darkest = DARKEST * shades.max(axis=(1, 2), keepdims=True)
    paper = np.minimum(opened, np.maximum(darkest, 0))
    return np.asarray(_smoothing(height) @ paper @ _smoothing(width).T, np.float32)


def _least_of_cells(shades: Array) -> Array:
    """(n, h/4, w/4) the least value of each cell."""
    least = shades
    for _ in range(2):
        least = np.minimum(least[:, ::2], least[:, 1::2])
        least = np.minimum(least[:, :, ::2], least[:, :, 1::2])
    return least


def _eroded(cells: Array, outside: int) -> Array:
    """Erosion: the least value in each square window, of which `outside` cells may be outside the picture."""
    count, height, width = cells.shape
    least = np.full((count, height + 2 * outside, width + 2 * outside), np.inf, np.float32)
    least[:, outside : height + outside, outside : width + outside] = cells
    covered = 1
    while covered < WINDOW:  # double the windows, until two of them cover the width
        further = min(covered, WINDOW - covered)
        least = np.minimum(least[:, :-further], least[:, further:])
        least = np.minimum(least[:, :, :-further], least[:, :, further:])
        covered += further
    return least


@cache
def _smoothing(length: int) -> Array:
    """(length, length / 4) the matrix that turns a line of cells into a smooth line of pixels."""
    middles = CELL * np.arange(length // CELL) + (CELL - 1) / 2
    seen = np.exp(-0.5 * np.square((np.arange(length)[:, None] - middles) / SMOOTHING))
    return np.asarray(seen / seen.sum(axis=1, keepdims=True), np.float32)
