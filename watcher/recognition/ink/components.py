"""Connected regions of ink, each with what distinguishes a digit's stroke from a rule or a box."""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from watcher.recognition.ink.background import Array, center_weights
from watcher.recognition.ink.contours import mean_slopes

Mask = NDArray[np.uint8]

MOST = 62  # with at most this many pictures, 16 bits are enough to number all regions
LEAST_PIXELS = 6  # smaller regions are dust
LONG = 0.85  # of the picture's height: a region longer than this along the border is a box
ACROSS = 0.9  # of the picture: a thin region longer than this is a rule
THIN = 16  # pixels
SHALLOW = 5  # mean distance from the border, in pixels: a region that touches it and is nearer is a rule
HUGGING = 6  # mean distance from the border, in pixels: a long region that is nearer is a box
RULE = 0.1  # a rule's weight is multiplied by this: it may be the digit if there is no other
HAIRLINE = 1.5  # pixels: the slopes on both sides of a thinner stroke cancel out
FLAT = 0.8  # if both ends have this share of the ink between them, the picture's edge cut them: a pen fades


@dataclass(frozen=True, slots=True)
class Region:
    """A connected region that is larger than dust.

    `box`: left, top, right, bottom; the last two are just outside. `length`: its longer side. `weight`: the
    sum of its contrast, counted more in the middle of the picture; less if its place is not that of a digit.
    `sharpness`: the mean slope of the contrast along its outline.
    """

    number: int
    box: tuple[int, int, int, int]
    length: int
    weight: float
    sharpness: float
    is_rule: bool


@dataclass(frozen=True, slots=True)
class Regions:
    """The regions of all pictures.

    `inside` (p,): the pixels in a region, counted through all pictures; `owners` (p,): their regions'
    numbers. `large`: each picture's regions that are larger than dust. `total`: how many numbers there are.
    """

    inside: NDArray[np.intp]
    owners: NDArray[np.intp]
    large: list[list[Region]]
    total: int


def regions_of(masks: Mask, contrasts: Array) -> Regions:
    """The 8-connected regions of at most 62 (n, h, w) masks, 1 on the ink, with (n, h, w) contrasts."""
    count, height, width = masks.shape
    tall = np.zeros((count, height + 1, width), np.uint8)  # a blank row keeps each picture's regions apart
    tall[:, :-1] = masks
    total, numbers, stats, _ = cv2.connectedComponentsWithStats(
        tall.reshape(-1, width), connectivity=8, ltype=cv2.CV_16U
    )
    labels = np.asarray(numbers, np.uint16).reshape(tall.shape)[:, :-1].reshape(-1)
    inside = masks.view(np.bool_).reshape(-1).nonzero()[0]
    owners, places = labels.take(inside).astype(np.intp), inside % (height * width)
    middle = center_weights(height, width).reshape(-1).take(places)
    weights = np.bincount(owners, contrasts.reshape(-1).take(inside) * middle, total)
    depths = np.bincount(owners, _depth(height, width).reshape(-1).take(places), total)
    slopes = mean_slopes(tall, labels, contrasts, total)
    large: list[list[Region]] = [[] for _ in range(count)]
    for number in (1 + (stats[1:total, cv2.CC_STAT_AREA] >= LEAST_PIXELS).nonzero()[0]).tolist():
        left, top, wide, high, area = stats[number].tolist()
        picture, top = divmod(top, height + 1)
        box = (left, top, left + wide, top + high)
        long = max(wide, high)
        ends = ((left <= 1) + (box[2] >= width - 1), (top <= 1) + (box[3] >= height - 1))
        touched = sum(ends)
        weight, depth = float(weights[number]), float(depths[number]) / area
        across = long > ACROSS * max(height, width) and min(wide, high) < THIN
        if long > LONG * height and depth < HUGGING:
            weight = 0.0 if touched or min(wide, high) >= THIN else RULE * weight
        if across and ends[high > wide] == 2:
            own = labels[picture * height * width : (picture + 1) * height * width] == number
            stroke = np.where(own.reshape(height, width), contrasts[picture], 0)
            if _is_cut_off(stroke, upright=high > wide):
                weight = 0.0  # a rule that goes beyond the picture on both sides
        sharpness = float(slopes[number])
        if area < HAIRLINE * long:
            sharpness = max(sharpness, float(weights[number]) / area / 2)  # both its sides are in one pixel
        is_rule = across or touched >= 3 or (touched > 0 and depth < SHALLOW)
        weight = RULE * weight if is_rule else weight
        large[picture].append(Region(number, box, long, weight, sharpness, is_rule))
    return Regions(inside, owners, large, total)


def _is_cut_off(stroke: Array, *, upright: bool) -> bool:
    """Whether a stroke's first and last rows (or columns) have about as much ink as those in between."""
    along = stroke.sum(axis=int(upright))
    along = along[along > 0]
    return float(min(along[0], along[-1])) >= FLAT * float(np.median(along))


@cache
def _depth(height: int, width: int) -> Array:
    """Each pixel's distance from the border."""
    y, x = np.indices((height, width))
    return np.minimum(np.minimum(y, height - 1 - y), np.minimum(x, width - 1 - x)).astype(np.float32)
