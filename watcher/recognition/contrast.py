"""How far each pixel lies from its paper towards the ink, in any colors and any light."""

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from watcher.recognition.shade import Array, ink_shade

Line = NDArray[np.int16]

STROKE = 25  # pixels: ink is narrower than this in one direction, paper and shadow are wider
RIM = 2  # pixels: more would take a fat pen's stroke along the border for paper, less a shadow's edge for ink
SOFT = 15  # pixels of the window that the paper is smoothed with
DARKEST = 0.1  # of the ink's contrast: no shadow along the border is taken to be darker, as a stroke there is
STEPS = 32  # of a level: the paper is found in whole numbers of them
MOST = 32767


def ink_contrast(pictures: NDArray[np.uint8]) -> Array:
    """Contrast to the paper of (n, h, w, 3) uint8 RGB pictures, (n, h, w) float32 in levels of 8-bit color.

    Paper gives values near 0 but none below; light ink on dark paper gives high values as dark ink on light
    paper does.
    """
    shades = ink_shade(pictures)
    contrast = shades - _paper(shades)
    return np.asarray(np.maximum(contrast, 0, out=contrast), np.float32)


def _paper(shades: Array) -> Array:
    """(n, h, w) the paper's shade on each pixel.

    Opening takes away all that is as narrow as a stroke: what stays is the paper under the ink. The rim lets
    it take a shadow that reaches the border for paper, but not a stroke that does.
    """
    _, height, width = shades.shape
    levels = np.multiply(shades, STEPS)
    darkest = (DARKEST * levels.max(axis=(1, 2), keepdims=True)).clip(0, MOST).astype(np.int16)
    np.clip(levels, -MOST, MOST, out=levels)
    opened = _opened(np.rint(levels, out=levels).astype(np.int16))
    paper = np.multiply(np.minimum(opened, darkest), np.float32(1 / STEPS))
    return np.asarray(_smoothing(height) @ paper @ _smoothing(width).T, np.float32)


def _opened(pictures: Line) -> Line:
    """(n, h + 2 RIM, w + 2 RIM): pictures without what is narrower than a stroke.

    Their borders are repeated outwards by the rim; what lies further out is ignored.
    """
    count, height, width = pictures.shape
    high, wide, reach = height + 2 * RIM, width + 2 * RIM, STROKE // 2
    row, cell = wide + reach, (high + reach) * (wide + reach)
    ends = reach * (row + 1)
    line = np.full(count * cell + 2 * ends, MOST, np.int16)
    inside = line[ends:-ends].reshape(count, high + reach, row)[:, :high, :wide]
    inside[:, RIM:-RIM, RIM:-RIM] = pictures
    inside[:, RIM:-RIM, :RIM], inside[:, RIM:-RIM, -RIM:] = pictures[:, :, :1], pictures[:, :, -1:]
    inside[:, :RIM], inside[:, -RIM:] = inside[:, RIM : RIM + 1], inside[:, -RIM - 1 : -RIM]
    eroded = _least(line, row).reshape(count, high + reach, row)[:, :high, :wide]
    np.negative(eroded, out=inside)
    return np.negative(_least(line, row).reshape(count, high + reach, row)[:, :high, :wide])


def _least(line: Line, row: int) -> Line:
    """The least of each square window as wide as a stroke, of pictures whose rows follow one another."""
    for step in (1, row):
        covered = 1
        while covered < STROKE:  # windows twice as wide, until two of them reach all the way
            further = min(covered, STROKE - covered)
            line = np.minimum(line[: -further * step], line[further * step :])
            covered += further
    return line


@cache
def _smoothing(length: int) -> Array:
    """(length, length + 2 RIM) the Gaussian that a line of pixels with a rim is smoothed by, the rim cut off.

    Past its ends the line is mirrored.
    """
    kernel = cv2.getGaussianKernel(SOFT, 0)[:, 0]
    last = length + 2 * RIM - 1
    at = np.arange(length)[:, None] + RIM + np.arange(SOFT) - SOFT // 2
    inside = last - np.abs(last - np.abs(at))
    smoothing = np.zeros((length, last + 1))
    np.add.at(smoothing, (np.arange(length)[:, None], inside), kernel)
    return smoothing.astype(np.float32)
