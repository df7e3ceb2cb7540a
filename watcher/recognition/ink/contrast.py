"""How far each pixel lies from its paper towards the ink, in any colors and any light."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from watcher.recognition.ink.background import Array, ink_shade

CELL = 4  # pixels to each side of the squares that paper is looked for in
STROKE = 7  # cells: ink is narrower than this in one direction, paper and shadow are wider
OUTSIDE = 2  # cells of a window past the border: more takes fat strokes there for paper, less shadows for ink
SOFT = 3.5  # standard deviation in pixels of the Gaussian that the paper is smoothed with
DARKEST = 0.1  # of the ink's contrast: no shadow along the border is taken to be darker, as a stroke there is


def ink_contrast(pictures: NDArray[np.uint8]) -> Array:
    """Contrast to the paper of (n, h, w, 3) uint8 RGB pictures, (n, h, w) float32 in levels of 8-bit color.

    Paper gives values near 0 but none below; light ink on dark paper gives high values as dark ink on light
    paper does. Width and height are multiples of 4.
    """
    shades = ink_shade(pictures)
    contrast = np.subtract(shades, _paper(shades), out=shades)
    return np.asarray(np.maximum(contrast, 0, out=contrast), np.float32)


def _paper(shades: Array) -> Array:
    """(n, h, w) the paper's shade on each pixel.

    Opening takes away all that is as narrow as a stroke: what stays is the paper under the ink. Paper changes
    slowly, so that the least of each few pixels tells enough of it.
    """
    _, height, width = shades.shape
    everywhere = _least_in_windows(_least_of_cells(shades), OUTSIDE)
    opened = -_least_in_windows(-everywhere, STROKE - 1 - OUTSIDE)
    darkest = DARKEST * shades.max(axis=(1, 2), keepdims=True)
    paper = np.minimum(opened, np.maximum(darkest, 0))
    return np.asarray(_smoothing(height) @ paper @ _smoothing(width).T, np.float32)


def _least_of_cells(shades: Array) -> Array:
    """(n, h/4, w/4) the least of each cell's pixels."""
    least = shades
    for _ in range(2):
        least = np.minimum(least[:, ::2], least[:, 1::2])
        least = np.minimum(least[:, :, ::2], least[:, :, 1::2])
    return least


def _least_in_windows(cells: Array, outside: int) -> Array:
    """The least of each square window as wide as a stroke, of which so many cells may lie outside."""
    count, height, width = cells.shape
    least = np.full((count, height + 2 * outside, width + 2 * outside), np.inf, np.float32)
    least[:, outside : height + outside, outside : width + outside] = cells
    covered = 1
    while covered < STROKE:  # windows twice as wide, until two of them reach all the way
        further = min(covered, STROKE - covered)
        least = np.minimum(least[:, :-further], least[:, further:])
        least = np.minimum(least[:, :, :-further], least[:, :, further:])
        covered += further
    return least


@cache
def _smoothing(length: int) -> Array:
    """(length, length / 4) what makes a smooth line of as many pixels of a line of cells."""
    middles = CELL * np.arange(length // CELL) + (CELL - 1) / 2
    seen = np.exp(-0.5 * np.square((np.arange(length)[:, None] - middles) / SOFT))
    return np.asarray(seen / seen.sum(axis=1, keepdims=True), np.float32)
