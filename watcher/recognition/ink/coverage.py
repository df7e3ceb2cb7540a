"""Ink coverage: how much of each pixel the digit's ink covers."""

import cv2
import numpy as np
from numpy.typing import NDArray

from watcher.recognition.ink.background import Array
from watcher.recognition.ink.components import Mask
from watcher.recognition.ink.contrast import ink_contrast
from watcher.recognition.ink.strokes import Strokes, digit_strokes

BLOCK = 16  # pictures measured at once; their arrays fit into the processor's caches
BORDER = 6  # pixels along the border in which the edge of a box may be stronger than the digit
STRONGEST = 40  # a digit's darkest parts have at least this many pixels
LEAST_CONTRAST = 8.0  # levels of 8-bit color between paper and ink
LEAST_TO_NOISE = 4.0
FULL_INK = 0.75  # this quantile of the digit's contrast counts as full coverage
RIM = 2  # pixels of a stroke's soft outline
SHARPER = 1.5  # the factor of the unsharp mask
AROUND = 0.35  # of the digit's longer side: the window of the unsharp mask


def ink_coverage(pictures: NDArray[np.uint8]) -> Array:
    """Ink coverage of (n, h, w, 3) uint8 RGB pictures, (n, h, w) float32 from 0 (paper) to 1.

    Paper and ink may have any colors, and the light may be uneven. Dust, rules and box edges are left out.
    All zeros if there is no digit. Tuned for 64x64.
    """
    covered = np.empty(pictures.shape[:3], np.float32)
    for at in range(0, len(pictures), BLOCK):
        covered[at : at + BLOCK] = _coverage(pictures[at : at + BLOCK])
    return covered


def _coverage(pictures: NDArray[np.uint8]) -> Array:
    contrasts = ink_contrast(pictures)
    paper, strongest = _extremes(contrasts)
    inked = strongest - paper >= LEAST_CONTRAST
    strokes = digit_strokes(contrasts, _thresholds(contrasts, strongest), strongest - paper)
    steps = _full_ink(contrasts, strokes) - paper
    inked &= (steps >= LEAST_CONTRAST) & ~_is_noisy(contrasts, steps / LEAST_TO_NOISE)
    contrasts -= paper[:, None, None]
    contrasts /= np.maximum(steps, LEAST_CONTRAST)[:, None, None]
    sharp = _sharpened(contrasts, strokes.lengths)
    np.clip(sharp, 0, 1, out=sharp)
    sharp *= _with_rim(strokes.masks)
    sharp[~inked] = 0
    return sharp


def _extremes(contrasts: Array) -> tuple[Array, Array]:
    """(n,) the contrast of the paper, and the least contrast of a digit's darkest parts."""
    inner = contrasts[:, BORDER:-BORDER, BORDER:-BORDER].reshape(len(contrasts), -1)
    pixels = inner.shape[1]
    strongest = np.partition(inner, pixels - STRONGEST, axis=1)[:, -STRONGEST]
    at = pixels * 3 // 10
    paper = np.zeros_like(strongest)
    uneven = np.count_nonzero(inner, axis=1) >= pixels - at  # no contrast is below 0
    if uneven.any():
        paper[uneven] = np.partition(inner[uneven], at, axis=1)[:, at]
    return paper, strongest


def _thresholds(contrasts: Array, strongest: Array) -> Array:
    """(n,) the contrast above which there is ink, by Otsu's method."""
    scales = (255 / np.maximum(strongest, LEAST_CONTRAST)).tolist()
    shown = [cv2.convertScaleAbs(one, None, scale) for one, scale in zip(contrasts, scales, strict=True)]
    found = [cv2.threshold(one, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)[0] for one in shown]
    return (np.array(found, np.float32) + 1) * strongest / np.float32(255)


def _full_ink(contrasts: Array, strokes: Strokes) -> Array:
    """(n,) the contrast of full coverage, 0 if there is no digit."""
    count, height, width = contrasts.shape
    core = contrasts.reshape(-1).take(strokes.pixels)
    ends = strokes.pixels.searchsorted(height * width * np.arange(1, count + 1)).tolist()
    full = np.zeros(count, np.float32)
    for number, (start, end) in enumerate(zip([0, *ends[:-1]], ends, strict=True)):
        if end > start:
            own, at = core[start:end], int(FULL_INK * (end - start - 1))
            own.partition(at)
            full[number] = own[at]
    return full


def _is_noisy(contrasts: Array, limits: Array) -> NDArray[np.bool_]:
    """(n,) whether the median step between pixels two apart is above a limit; strokes hardly change it."""
    steps = np.abs(contrasts[:, ::2, 2:] - contrasts[:, ::2, :-2]).reshape(len(contrasts), -1)
    above = np.count_nonzero(steps > limits[:, None], axis=1)
    return np.asarray(above >= steps.shape[1] - steps.shape[1] // 2)


def _sharpened(ink: Array, lengths: list[int]) -> Array:
    """An unsharp mask: ink + SHARPER·(ink - mean around), with a window that depends on the digit's size.

    Blurred strokes become thin again, and their holes open. Sharp strokes stay, as the caller limits the
    result to full ink. `lengths` (n,): the digits' longer sides, in pixels.
    """
    means = np.empty_like(ink)
    for one, length, into in zip(ink, lengths, means, strict=True):
        window = 2 * int(AROUND / 2 * length) + 1
        cv2.blur(one, (window, window), into)
    sharp = np.subtract(ink, means, out=means)
    sharp *= SHARPER
    sharp += ink
    return sharp


def _with_rim(digits: Mask) -> Mask:
    """The digits and the pixels around their strokes."""
    count, height, width = digits.shape
    stack = np.zeros((count, height + RIM, width), np.uint8)
    stack[:, :-RIM] = digits
    wider = cv2.dilate(stack.reshape(-1, width), np.ones((2 * RIM + 1, 2 * RIM + 1), np.uint8))
    return np.asarray(wider, np.uint8).reshape(stack.shape)[:, :-RIM]
