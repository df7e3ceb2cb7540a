"""Which connected strokes are the digit, and which are dust, shadows, rules or the edge of a printed box."""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from watcher.recognition.contrast import centre_weights

Array = NDArray[np.float32]

BOX_DEPTH = 12  # rows and columns that the edge of a box may take
BOX_SHARE = 0.8  # of a row or column, from which it belongs to a box
LEAST_PIXELS = 6
LEAST_LENGTH = 8  # pixels: what is shorter is dust
LEAST_SHARPNESS = 0.07  # of the contrast, from one pixel to the next: a shadow's edge is softer
FLAT = 0.8  # of the ink in between, from which an end is cut off by the picture's: a pen's stroke fades
COMPANION = 0.06  # of the main stroke's weight, from which another one belongs to the digit


def digit_strokes(contrast: Array, threshold: float, step: float) -> NDArray[np.uint8]:
    """(h, w) uint8, 1 on the digit's strokes: a choice among the connected regions above the threshold.

    `contrast` (h, w) float32: from ink_contrast; `step`: the contrast from paper to full ink.
    All zeros where no stroke looks like a digit's.
    """
    mask = (contrast > threshold).astype(np.uint8)
    _cut_box(mask)
    if not mask.any():
        return mask
    strokes = _measure(mask, contrast)
    is_box = strokes.hugs_border & (strokes.length > 0.85 * len(mask))
    weight = np.where(is_box | strokes.is_cut_off, 0, strokes.weight)
    weight[strokes.is_rule] *= 0.1
    weight[(strokes.pixels < LEAST_PIXELS) | (strokes.sharpness < LEAST_SHARPNESS * step)] = 0
    main = int(weight.argmax())
    if weight[main] <= 0 or strokes.length[main] < LEAST_LENGTH:
        return np.zeros_like(mask)
    chosen = (weight >= COMPANION * weight[main]) & ~strokes.is_rule
    chosen[main] = True
    chosen[0] = False
    return np.asarray(chosen[strokes.labels], np.uint8)


@dataclass(frozen=True)
class _Strokes:
    """Connected regions: (h, w) labels, and of each label, 0 for none, what tells digits from the rest."""

    labels: NDArray[np.int32]
    pixels: NDArray[np.int32]
    weight: NDArray[np.float64]  # contrast, counted more in the middle of the picture
    length: NDArray[np.int32]
    sharpness: NDArray[np.float64]  # mean slope of the contrast along the outline
    hugs_border: NDArray[np.bool_]
    is_rule: NDArray[np.bool_]
    is_cut_off: NDArray[np.bool_]  # a rule that runs out of the picture on both sides


def _measure(mask: NDArray[np.uint8], contrast: Array) -> _Strokes:
    height, width = mask.shape
    count, found, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    left, top, wide, high, pixels = np.asarray(stats, np.int32).T
    labels = np.asarray(found, np.int32)

    inside = np.flatnonzero(mask)
    outline = np.flatnonzero(mask - cv2.erode(mask, np.ones((3, 3), np.uint8), borderValue=1))
    outlined = np.bincount(labels.reshape(-1)[outline], minlength=count)
    depth = _totals(labels, inside, _depth(height, width), count) / np.maximum(pixels, 1)
    touched = (left <= 1).astype(int) + (top <= 1) + (left + wide >= width - 1) + (top + high >= height - 1)
    length = np.maximum(wide, high)
    across = (length > 0.9 * max(height, width)) & (np.minimum(wide, high) < 16)
    is_cut_off = np.zeros(count, np.bool_)
    for label in np.flatnonzero(across):
        is_cut_off[label] = _is_cut_off(
            np.where(labels == label, contrast, 0), upright=high[label] > wide[label]
        )
    return _Strokes(
        labels=labels,
        pixels=pixels,
        weight=_totals(labels, inside, contrast * centre_weights(height, width), count),
        length=length,
        sharpness=_totals(labels, outline, _slope(contrast), count) / np.maximum(outlined, 1),
        hugs_border=depth < 6,
        is_rule=across | (touched >= 3) | ((touched >= 1) & (depth < 5)),
        is_cut_off=is_cut_off,
    )


def _is_cut_off(stroke: Array, *, upright: bool) -> bool:
    """Whether a stroke's first and last rows, or columns, hold about as much ink as those in between."""
    along = stroke.sum(axis=int(upright))
    along = along[along > 0]
    return float(min(along[0], along[-1])) >= FLAT * float(np.median(along))


def _totals(
    labels: NDArray[np.int32], where: NDArray[np.intp], values: Array, count: int
) -> NDArray[np.float64]:
    """(count,) the sum of each label's values among the pixels `where`."""
    owners, amounts = labels.reshape(-1)[where], values.reshape(-1)[where]
    return np.bincount(owners, weights=amounts, minlength=count).astype(np.float64)


def _slope(contrast: Array) -> Array:
    along, down = (cv2.Sobel(contrast, cv2.CV_32F, *way, scale=1 / 8) for way in ((1, 0), (0, 1)))
    return np.asarray(cv2.magnitude(along, down), np.float32)


def _cut_box(mask: NDArray[np.uint8]) -> None:
    """Clear the rows and columns along each side that are ink nearly all the way: a box's edge."""
    for lines in (mask, mask[::-1], mask.T, mask.T[::-1]):
        for line in lines[:BOX_DEPTH]:
            if np.count_nonzero(line) < BOX_SHARE * len(line):
                break
            line[:] = 0


@cache
def _depth(height: int, width: int) -> Array:
    """Each pixel's distance from the border."""
    y, x = np.indices((height, width))
    return np.minimum(np.minimum(y, height - 1 - y), np.minimum(x, width - 1 - x)).astype(np.float32)
