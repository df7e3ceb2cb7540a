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
LONG = 0.85  # of the picture's height: what is as long, and lies along the border, is a box
ACROSS = 0.9  # of the picture: what is as long, and thin, is a rule
THIN = 16  # pixels
SHALLOW = 5  # pixels from the border, on average: what touches it and lies no deeper is a rule
HUGGING = 6  # pixels from the border, on average, up to which a box lies along it
RULE = 0.1  # of the weight: what looks like a rule, but may be a digit if there is no other
FLAT = 0.8  # of the ink in between, from which an end is cut off by the picture's: a pen's stroke fades
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
    regions, owners = _regions(mask, inside, contrast)
    sharp = [region for region in regions if region.sharpness >= LEAST_SHARPNESS * step]
    main = max(sharp, key=lambda region: region.weight, default=None)
    if main is None or main.weight == 0 or main.length < LEAST_LENGTH:
        return np.zeros_like(mask)
    enough = COMPANION * main.weight
    chosen = np.zeros(1 + int(owners.max()), np.bool_)
    chosen[[region.number for region in sharp if region.weight >= enough and not region.is_rule]] = True
    chosen[main.number] = True
    mask.reshape(-1)[inside] = chosen[owners]
    return mask


@dataclass(frozen=True, slots=True)
class _Region:
    """A connected region that is larger than dust.

    `weight`: its contrast, counted more in the middle of the picture, and less where it is no digit by its
    place; `sharpness`: the mean slope of the contrast along the outline.
    """

    number: int
    length: int
    weight: float
    sharpness: float
    is_rule: bool


def _regions(
    mask: NDArray[np.uint8], inside: NDArray[np.intp], contrast: Array
) -> tuple[list[_Region], NDArray[np.int32]]:
    """The regions of a mask, and the number of the region of each of its pixels `inside`."""
    height, width = mask.shape
    _, found, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    labels = np.asarray(found, np.int32).reshape(-1)
    owners = labels[inside]
    outline = np.flatnonzero(mask != cv2.erode(mask, np.ones((3, 3), np.uint8), borderValue=1))
    outlined = labels[outline]
    lengths = np.bincount(outlined)
    slopes = np.bincount(outlined, _slope(contrast).reshape(-1)[outline])
    weights = np.bincount(owners, (contrast * centre_weights(height, width)).reshape(-1)[inside])

    def region(number: int) -> _Region:
        left, top, wide, high, _ = stats[number].tolist()
        length, weight = max(wide, high), weights[number]
        touched = (left <= 1) + (top <= 1) + (left + wide >= width - 1) + (top + high >= height - 1)
        across = length > ACROSS * max(height, width) and min(wide, high) < THIN
        if across and _is_cut_off(np.where(found == number, contrast, 0), upright=high > wide):
            weight = 0.0  # a rule that runs out of the picture on both sides
        is_rule = across or touched >= 3
        if touched or length > LONG * height:
            depth = float(_depth(height, width).reshape(-1)[inside[owners == number]].mean())
            is_rule = is_rule or (touched > 0 and depth < SHALLOW)
            if length > LONG * height and depth < HUGGING:
                weight = 0.0
        return _Region(
            number, length, RULE * weight if is_rule else weight, slopes[number] / lengths[number], is_rule
        )

    large = 1 + np.flatnonzero(stats[1:, cv2.CC_STAT_AREA] >= LEAST_PIXELS)
    return [region(number) for number in large.tolist()], owners


def _is_cut_off(stroke: Array, *, upright: bool) -> bool:
    """Whether a stroke's first and last rows, or columns, hold about as much ink as those in between."""
    along = stroke.sum(axis=int(upright))
    along = along[along > 0]
    return float(min(along[0], along[-1])) >= FLAT * float(np.median(along))


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
