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
LEAST_SHARPNESS = 0.11  # of the contrast, from one pixel to the next: a shadow's edge is softer
COMPANION = 0.06  # of the main stroke's weight, from which another one belongs to the digit


def digit_strokes(contrast: Array, threshold: float, step: float) -> NDArray[np.uint8]:
    """(h, w) uint8, 1 on the digit's strokes: a choice among the connected regions above the threshold.

    `contrast` (h, w) float32: from ink_contrast; `step`: the contrast from paper to full ink.
    All zeros where no stroke looks like a digit's.
    """
    mask = (contrast > threshold).view(np.uint8)
    _cut_box(mask)
    inside = np.flatnonzero(mask.view(np.bool_))
    if not inside.size:
        return mask
    strokes = _measure(mask, inside, contrast)
    weight = strokes.weight
    weight[strokes.hugs_border & (strokes.length > 0.85 * len(mask))] = 0
    weight[strokes.is_rule] *= 0.1
    weight[(strokes.pixels < LEAST_PIXELS) | (strokes.sharpness < LEAST_SHARPNESS * step)] = 0
    main = int(weight.argmax())
    if weight[main] <= 0 or strokes.length[main] < LEAST_LENGTH:
        return np.zeros_like(mask)
    chosen = (weight >= COMPANION * weight[main]) & ~strokes.is_rule
    chosen[main] = True
    mask.reshape(-1)[inside] = chosen[strokes.owners]
    return mask


@dataclass(frozen=True)
class _Strokes:
    """Connected regions: the (n,) region of each pixel with ink, and what tells a digit's from others.

    There is a region 0, which is empty.
    """

    owners: NDArray[np.int32]
    pixels: NDArray[np.int64]
    weight: NDArray[np.float64]  # contrast, counted more in the middle of the picture
    length: NDArray[np.int32]
    sharpness: NDArray[np.float64]  # mean slope of the contrast along the outline
    hugs_border: NDArray[np.bool_]
    is_rule: NDArray[np.bool_]


def _measure(mask: NDArray[np.uint8], inside: NDArray[np.intp], contrast: Array) -> _Strokes:
    height, width = mask.shape
    count, found, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    left, top, wide, high, _ = np.asarray(stats, np.int32).T
    labels = np.asarray(found, np.int32)
    owners = labels.reshape(-1)[inside]
    pixels = np.bincount(owners, minlength=count)
    outline = np.flatnonzero(mask != cv2.erode(mask, np.ones((3, 3), np.uint8), borderValue=1))

    depth = _totals(owners, inside, _depth(height, width), count) / np.maximum(pixels, 1)
    length = np.maximum(wide, high)
    along_side = (left <= 1, top <= 1, left + wide >= width - 1, top + high >= height - 1)
    touched = np.count_nonzero(along_side, axis=0)
    across = (length > 0.9 * max(height, width)) & (np.minimum(wide, high) < 16)
    outlined = labels.reshape(-1)[outline]
    steepness = _totals(outlined, outline, _slope(contrast), count)
    return _Strokes(
        owners=owners,
        pixels=pixels,
        weight=_totals(owners, inside, contrast * centre_weights(height, width), count),
        length=length,
        sharpness=steepness / np.maximum(np.bincount(outlined, minlength=count), 1),
        hugs_border=depth < 6,
        is_rule=across | (touched >= 3) | ((touched >= 1) & (depth < 5)),
    )


def _totals(
    owners: NDArray[np.int32], where: NDArray[np.intp], values: Array, count: int
) -> NDArray[np.float64]:
    """(count,) the sum of each owner's values among the pixels `where`."""
    return np.bincount(owners, values.reshape(-1)[where], count).astype(np.float64)


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
