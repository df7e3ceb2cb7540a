"""Which connected strokes are the digit, and which are dust, shadows, rules or the edges of printed boxes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from watcher.recognition.ink.background import Array
from watcher.recognition.ink.boxes import cut_boxes
from watcher.recognition.ink.components import Mask, Region, regions_of

LEAST_LENGTH = 8  # pixels: shorter strokes are dust
LEAST_SHARPNESS = 0.07  # of the contrast, per pixel: a shadow's edge is softer
COMPANION = 0.06  # a stroke with this share of the main stroke's weight belongs to the digit


@dataclass(frozen=True, slots=True)
class Strokes:
    """The strokes of n digits.

    `masks` (n, h, w) uint8: 1 on them, all zeros if there is no digit. `pixels` (p,): their positions,
    counted through all pictures. `lengths` (n,): the longer side of each digit, in pixels.
    """

    masks: Mask
    pixels: NDArray[np.intp]
    lengths: list[int]


def digit_strokes(contrasts: Array, thresholds: Array, steps: Array) -> Strokes:
    """The digits' strokes, chosen among the connected regions above the thresholds.

    `contrasts` (n, h, w) float32: from ink_contrast, of at most 62 pictures. `thresholds` (n,). `steps` (n,):
    the contrast from paper to full ink.
    """
    masks = (contrasts > thresholds[:, None, None]).view(np.uint8)
    cut_boxes(masks)
    regions = regions_of(masks, contrasts)
    digits = [_digit(large, step) for large, step in zip(regions.large, steps.tolist(), strict=True)]
    chosen = np.zeros(regions.total, np.bool_)
    chosen[[region.number for digit in digits for region in digit]] = True
    pixels = regions.inside[chosen.take(regions.owners)]
    masks.fill(0)
    masks.reshape(-1)[pixels] = 1
    return Strokes(masks, pixels, [_length(digit) for digit in digits])


def _digit(regions: Sequence[Region], step: float) -> list[Region]:
    """The heaviest of the sharp regions and its companions; none if it does not look like a digit."""
    sharp = [region for region in regions if region.sharpness >= LEAST_SHARPNESS * step]
    main = max(sharp, key=lambda region: region.weight, default=None)
    if main is None or main.weight == 0 or main.length < LEAST_LENGTH:
        return []
    enough = COMPANION * main.weight
    return [one for one in sharp if one is main or (one.weight >= enough and not one.is_rule)]


def _length(digit: Sequence[Region]) -> int:
    """The longer side of the box around all regions of a digit."""
    if not digit:
        return 0
    left, top, right, bottom = zip(*(region.box for region in digit), strict=True)
    return int(max(max(right) - min(left), max(bottom) - min(top)))
