"""Ink apart from paper: how much of it lies on each pixel."""

import cv2
import numpy as np
from numpy.typing import NDArray

from watcher.recognition.contrast import ink_contrast
from watcher.recognition.strokes import digit_strokes

BORDER = 6  # pixels where a box's edge may outdo the digit
STRONGEST = 40  # pixels: the least that a digit's darkest parts have
LEAST_CONTRAST = 8.0  # levels of 8-bit color between paper and ink
LEAST_TO_NOISE = 4.0
FULL_INK = 0.75  # the quantile of the digit's contrast that counts as full coverage
SHARPER = 1.5  # how much of what a pixel has more than those around it is added
AROUND = 0.35  # of the digit's longer side: the window that is around a pixel


def ink_coverage(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Ink on each pixel of an (h, w, 3) uint8 RGB picture, as (h, w) float32 from 0 (paper) to 1.

    Paper and ink may have any colors, and the light may be uneven; dust, rules and box edges are left out.
    All zeros where there is no digit. Tuned for 64x64.
    """
    contrast = ink_contrast(picture)
    ordered = np.sort(contrast[BORDER:-BORDER, BORDER:-BORDER], axis=None)
    paper, strongest = float(ordered[len(ordered) * 3 // 10]), float(ordered[-STRONGEST])
    if strongest - paper < LEAST_CONTRAST:
        return np.zeros_like(contrast)
    levels = cv2.convertScaleAbs(contrast, alpha=255 / strongest)
    level, _ = cv2.threshold(levels, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    digit = digit_strokes(contrast, (level + 1) * strongest / 255, strongest - paper)
    core = np.sort(contrast[digit.view(np.bool_)])
    if not core.size:
        return np.zeros_like(contrast)
    step = float(core[int(FULL_INK * (core.size - 1))]) - paper
    if step < max(LEAST_CONTRAST, LEAST_TO_NOISE * _noise(contrast)):
        return np.zeros_like(contrast)
    within = cv2.dilate(digit, np.ones((5, 5), np.uint8))  # the outline's own soft rim
    sharp = _sharpened((contrast - paper) / step, max(cv2.boundingRect(digit)[2:]))
    return np.asarray(np.clip(sharp, 0, 1) * within, np.float32)


def _sharpened(ink: NDArray[np.float32], length: int) -> NDArray[np.float32]:
    """Thin again what was blurred, and open its holes; sharp strokes stay, since nothing is above full ink.

    `length`: of the digit's longer side, in pixels.
    """
    window = 2 * int(AROUND / 2 * length) + 1
    return np.asarray(ink + SHARPER * (ink - cv2.blur(ink, (window, window))), np.float32)


def _noise(contrast: NDArray[np.float32]) -> float:
    """The usual step between pixels two apart, which strokes hardly raise."""
    steps = np.abs(contrast[::2, 2:] - contrast[::2, :-2]).reshape(-1)
    return float(np.partition(steps, len(steps) // 2)[len(steps) // 2])
