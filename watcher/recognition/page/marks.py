"""The marks on a page: connected regions of ink. The digit is one of them, or a few."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from watcher.recognition.page.lines import Levels, Mask, without_lines

LEAST_LEVEL = 14.0  # levels above the paper
ABOVE_GRAIN = 6.0  # times the usual difference between neighboring pixels
SAMPLED = 4  # every so many rows tell the paper's grain
STRONG = 90  # percent of a mark's pixels are below its strong level
SHARE = 0.25  # of the strong level: fainter pixels are a rule or a smear, not this pen's ink
FAINT = 0.3  # of the strongest mark's mean level: fainter ones are no ink of the same pen
BLOB = 0.5  # of its side: a mark that lies along the border for so long is a shadow or the edge of the sheet
RING = 0.08  # of a mark's sides: a box is nearly all within this of them
BOX = 0.8  # of a mark's pixels
SHADES = 0.3  # of the main mark's weight: a mark at the border that is heavier may be a shadow
SHADED = 0.03  # of the pixels along the border
PART = 0.03  # of the main mark's weight: a smaller mark is dust
NEAR = 0.3  # of the main mark's longer side: a mark farther away is no part of the digit
EQUAL_SIDE, EQUAL_WEIGHT = 0.55, 0.3  # of the main mark's: another mark of this size is another digit
FAT = 0.2  # of the main mark's pixels to its length: what is thinner is left of a rule
LONGEST = 2.5  # times the main mark's longer side
EQUAL_LEVEL = 0.6  # of the main mark's mean level
OVERLAP = 0.25  # of the smaller box: marks that overlap more are parts of one digit

Box = tuple[int, int, int, int]
"""Left, top, right, bottom; the last two are just outside."""


@dataclass(frozen=True, slots=True)
class Digit:
    """The digit among the marks: `mask` (h, w) is 1 on its strokes. `box` encloses them.

    `has_others`: other marks may be digits, too. `is_shaded`: heavy marks lie along the page's border.
    `at_border`: the share of the page's border that is marked. `weight`: the sum of the digit's levels.
    """

    mask: Mask
    box: Box
    has_others: bool
    is_shaded: bool
    at_border: float
    weight: float


def threshold_of(levels: Levels) -> float:
    """The level above which a pixel is a mark and not the paper's grain."""
    some = levels[::SAMPLED]
    grain = np.median(cv2.absdiff(some[:, 1:], some[:, :-1])) if levels.shape[1] > 1 else 0
    return LEAST_LEVEL + ABOVE_GRAIN * float(grain)


def find_digit(levels: Levels, near: Box | None = None) -> Digit | None:
    """The digit on a page, from each pixel's difference to the paper; None if there is no mark like one.

    `near`: where it is expected.
    """
    threshold = threshold_of(levels)
    mask = without_lines((levels > threshold).view(np.uint8), levels)
    digit = _chosen(mask, levels, near)
    if digit is None:
        return None
    strong = float(np.percentile(levels[digit.mask.view(np.bool_)], STRONG))
    if SHARE * strong <= threshold:
        return digit
    mask &= (levels > SHARE * strong).view(np.uint8)
    return _chosen(mask, levels, digit.box) or digit


def _chosen(mask: Mask, levels: Levels, near: Box | None) -> Digit | None:
    height, width = mask.shape
    ring = np.concatenate((mask[0], mask[-1], mask[:, 0], mask[:, -1]))
    total, numbers, found, _ = cv2.connectedComponentsWithStats(mask, connectivity=8, ltype=cv2.CV_32S)
    labels, stats = np.asarray(numbers, np.int32), np.asarray(found, np.int32)
    if total == 1:
        return None
    inside = mask.view(np.bool_)
    owners = labels[inside]
    weights = np.bincount(owners, levels[inside], total)
    means = weights / np.maximum(stats[:, cv2.CC_STAT_AREA], 1)
    left, top, wide, high = stats.T[:4]
    right, bottom = left + wide, top + high
    longer = np.maximum(wide, high)
    usable = np.arange(total) > 0
    blobs = _is_blob(labels, stats, total)
    usable &= ~blobs
    usable &= longer >= 3
    likely = weights * usable
    if near is not None:
        meets = (left < near[2]) & (right > near[0]) & (top < near[3]) & (bottom > near[1])
        likely *= meets
    for number in np.argsort(likely)[::-1][:8].tolist():
        if likely[number] > 0 and _is_box(labels, stats[number], number):
            likely[number] *= 0.01
            usable[number] = False
    main = int(likely.argmax())
    if likely[main] <= 0:
        return None
    usable[main] = True
    at_border = (left <= 0) | (top <= 0) | (right >= width) | (bottom >= height)
    at_border[[0, main]] = False
    shaded = bool(ring.mean() > SHADED or (weights * at_border).max() > SHADES * weights[main])
    usable &= means >= FAINT * means[main]
    size = longer[main]
    across = np.maximum(0, np.maximum(left - right[main], left[main] - right))
    down = np.maximum(0, np.maximum(top - bottom[main], top[main] - bottom))
    shared = (np.minimum(right, right[main]) - np.maximum(left, left[main])).clip(0) * (
        np.minimum(bottom, bottom[main]) - np.maximum(top, top[main])
    ).clip(0)
    apart = shared < OVERLAP * wide * high
    equal = usable & (longer >= EQUAL_SIDE * size) & (weights >= EQUAL_WEIGHT * weights[main]) & apart
    equal &= means >= EQUAL_LEVEL * means[main]
    fat = stats[:, cv2.CC_STAT_AREA] / np.maximum(longer, 1)
    equal &= (fat >= FAT * fat[main]) & (longer <= LONGEST * size)
    equal[main] = False
    parts = usable & ~equal & (weights >= PART * weights[main]) & (np.hypot(across, down) <= NEAR * size)
    parts[main] = True
    chosen = parts.astype(np.uint8)[labels]
    box = (
        int(left[parts].min()),
        int(top[parts].min()),
        int(right[parts].max()),
        int(bottom[parts].max()),
    )
    return Digit(chosen, box, bool(equal.any()), shaded, float(ring.mean()), float(weights[parts].sum()))


def _is_blob(labels: NDArray[np.int32], stats: NDArray[np.int32], total: int) -> NDArray[np.bool_]:
    """(total,) whether each mark lies along the page's border, as shadows and edges of the sheet do."""
    wide, high = stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]
    flat = np.maximum(*(np.bincount(labels[row], minlength=total) for row in (0, -1)))
    upright = np.maximum(*(np.bincount(labels[:, column], minlength=total) for column in (0, -1)))
    return np.asarray((flat > BLOB * wide) | (upright > BLOB * high))


def _is_box(labels: NDArray[np.int32], stat: NDArray[np.int32], number: int) -> bool:
    """Whether a mark is the outline of a rectangle."""
    left, top, wide, high, area = stat.tolist()
    if area > 0.5 * wide * high or min(wide, high) < 8:
        return False
    own = labels[top : top + high, left : left + wide] == number
    down, along = max(1, int(RING * high)), max(1, int(RING * wide))
    return bool(np.count_nonzero(own[down:-down, along:-along]) < (1 - BOX) * area)
