"""Removes ruled lines and the edges of boxes from the ink of a page, told by where they end."""

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.uint8]
"""(h, w): 1 on the ink."""
Levels = NDArray[np.uint8]
"""(h, w): how much each pixel differs from the paper."""

LONG = 0.28  # of the page: a straight run of ink may be a rule from this length on
NEARLY_ACROSS = 0.6  # of the page: a rule that ends at one border only is at least this long
THIN = 0.04  # of its length: a rule is thinner
LEAST_THIN = 2  # pixels
PRUNED = 6  # rounds: a line that ends at a line that is no rule is none either
GAP = 0.03  # of the page: a rule may be interrupted, or end this far from what it meets
LEAN = 1  # rows to each side that a rule may lean over in a run
USUAL = 25  # percent of a rule's pixels are below its usual level
DARKER = 1.35  # times a rule's usual level: what is darker on it is a stroke


def without_lines(mask: Mask, levels: Levels) -> Mask:
    """The mask without straight lines that run to the page's border or to another such line at both ends.

    A stroke that crosses a line stays whole.
    """
    flat, upright = _runs(mask), _runs(mask.T)
    for _ in range(PRUNED):
        before = np.count_nonzero(flat) + np.count_nonzero(upright)
        flat = _rules(flat, upright.T)
        upright = _rules(upright, flat.T)
        if np.count_nonzero(flat) + np.count_nonzero(upright) == before:
            break
    rows, columns = flat, upright.T
    left = mask
    if rows.any():
        left = _erased(left, rows, levels)
    if columns.any():
        left = np.ascontiguousarray(_erased(np.ascontiguousarray(left.T), columns.T, levels.T).T)
    return left


def _runs(mask: Mask) -> Mask:
    """The long runs of ink along the rows."""
    width = mask.shape[1]
    length = max(8, int(LONG * width))
    thick = cv2.dilate(np.ascontiguousarray(mask), np.ones((2 * LEAN + 1, 1), np.uint8))
    return np.asarray(cv2.morphologyEx(thick, cv2.MORPH_OPEN, np.ones((1, length), np.uint8)), np.uint8)


def _rules(runs: Mask, others: Mask) -> Mask:
    """Those of the runs along the rows that are rules. `others`: the runs across them."""
    if not runs.any():
        return runs
    width = runs.shape[1]
    gap = max(2, int(GAP * width))
    joined = cv2.dilate(np.ascontiguousarray(runs), np.ones((1, 2 * gap + 1), np.uint8))
    total, labels, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    kept = np.zeros(total, np.uint8)
    for number in range(1, total):
        left, top, wide, high, area = stats[number].tolist()
        if area > wide * (max(THIN * wide, LEAST_THIN) + 2 * LEAN):
            continue
        rows = slice(max(0, top - gap), top + high + gap)
        at_left, at_right = left <= 1, left + wide >= width - 1
        meets_left = at_left or others[rows, max(0, left - gap) : left + 3 * gap].any()
        meets_right = at_right or others[rows, max(0, left + wide - 3 * gap) : left + wide + gap].any()
        long = wide >= NEARLY_ACROSS * width and (at_left or at_right)
        kept[number] = (meets_left and meets_right) or long
    return kept[labels] & runs if kept.any() else np.zeros_like(runs)


def _erased(mask: Mask, rules: Mask, levels: Levels) -> Mask:
    """The mask without the rules along the rows, but with the strokes that cross them."""
    rules = np.asarray(cv2.dilate(np.ascontiguousarray(rules), np.ones((3, 1), np.uint8)), np.uint8)
    total, labels, stats, _ = cv2.connectedComponentsWithStats(rules, connectivity=8)
    left = mask.copy()
    for number in range(1, total):
        x, y, wide, high, area = stats[number].tolist()
        tall = area // wide + 2
        first = max(0, y - tall)
        part = np.s_[first : y + high + tall, x : x + wide]
        rule = (labels[part] == number).view(np.uint8)
        ink, level = mask[part], levels[part]
        beside = ink & ~rule & 1
        up, down = np.zeros_like(rule), np.zeros_like(rule)
        up[1:] = beside[:-1] & rule[1:]
        down[:-1] = beside[1:] & rule[:-1]
        reach = np.ones((tall + 1, 3), np.uint8)
        above = np.asarray(cv2.dilate(up, reach, anchor=(1, tall)), np.uint8)
        below = np.asarray(cv2.dilate(down, reach, anchor=(1, 0)), np.uint8)
        usual = float(np.percentile(level[(rule & ink).view(np.bool_)], USUAL))
        darker = (level > DARKER * usual).view(np.uint8)
        left[part] &= ~(rule & ~(above & below | darker)) & 1
    return left
