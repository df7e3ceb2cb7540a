"""From a page of any size to a picture of its digit."""

from collections.abc import Callable
from typing import NamedTuple

import cv2
import numpy as np
from PIL import Image

from watcher.recognition.page.marks import Box, Digit, find_digit, threshold_of
from watcher.recognition.page.paper import WINDOWS, Colors, darker, enlarged, lighter, paper_of

SEARCHED = 640  # pixels of the longer side in which the digit is looked for
CLOSE = 320  # pixels of the longer side in which its strokes are told from other marks
SURROUNDINGS = 1.0  # of the digit's longer side, around it
DARK = 72  # levels: on darker paper, light ink is usual
UNUSUAL = 0.1  # of its weight counts, if a digit's ink is lighter than light paper or darker than dark paper
LARGEST = 1.4  # of the window: the median tears larger digits
SHADOW = 0.08  # of the page's border: a digit that is cut off marks less of it than a shadow
TOUCHING = 0.4  # of the page: a smaller mark that touches the border may be a shadow's
SMALL = 48  # pixels: a smaller digit is taken from a finer copy
SAME = 0.6  # of the expected size: what is smaller, seen closely, is only a part of the digit
SHARE = 0.7  # of the picture's side that the digit's longer side takes
RIM = 1.5  # pixels of the picture around the strokes that are kept as they are
LIGHTEST = 3.0  # the most that contrast in shadow is raised


class Cropped(NamedTuple):
    """A picture of the digit, (side, side, 3), and whether there are others on the page."""

    picture: Colors
    several: bool


def crop_digit(
    page: Colors, side: int, finer: Callable[[], Image.Image] | None = None, searched: int = SEARCHED
) -> Cropped | None:
    """The page's digit as a picture of side by side pixels, on even paper; None if no digit is found.

    The digit is looked for in a smaller copy that keeps the darkest and the lightest pixels, and then at its
    own resolution. `finer` gives the same page with more pixels; it is called if the digit is small.
    `searched`: how many pixels the longer side of the smaller copy has at most.
    """
    step = -(-max(page.shape[:2]) // searched)
    copies = _pooled(page, step) if step > 1 else (page, page, page)
    found = _found(*copies)
    if found is None:
        return None
    part, several = copies[0], found.digit.has_others
    more = 1.0
    image: Image.Image | None = None
    if finer is not None and step * _long(found.digit.box) < SMALL:
        image = finer()
        more = image.width / page.shape[1]
    if step > 1 or image is not None:
        unit = step * more  # pixels of the finest copy in one of the copy that was searched
        left, top, right, bottom = (int(unit * at) for at in found.digit.box)
        margin = int(SURROUNDINGS * max(right - left, bottom - top) + 2 * unit)
        x, y = max(0, left - margin), max(0, top - margin)
        if image is None:
            close = page[y : bottom + margin, x : right + margin]
        else:
            ends = (min(image.width, right + margin), min(image.height, bottom + margin))
            close = np.asarray(image.crop((x, y, *ends)))
        scale = min(1.0, CLOSE / max(close.shape[:2]))
        if scale < 1:
            size = (max(1, round(close.shape[1] * scale)), max(1, round(close.shape[0] * scale)))
            close = np.asarray(cv2.resize(close, size, interpolation=cv2.INTER_AREA), np.uint8)
        expected = [int(scale * at) for at in (left - x, top - y, right - x + unit, bottom - y + unit)]
        again = _found(close, close, close, (expected[0], expected[1], expected[2], expected[3]))
        if again is not None and _long(again.digit.box) > SAME * scale * unit * _long(found.digit.box):
            part, found = close, again
            several |= found.digit.has_others
    return Cropped(_drawn(part, found, side), several)


def _long(box: Box) -> int:
    return max(box[2] - box[0], box[3] - box[1])


class _Find(NamedTuple):
    """A digit, the paper around it, and whether its ink is darker than the paper."""

    digit: Digit
    paper: tuple[Colors, Colors]
    is_dark: bool


def _found(usual: Colors, darkest: Colors, lightest: Colors, near: Box | None = None) -> _Find | None:
    """The digit on a page.

    The light is taken for more and more uneven, until no large marks lie along the border.
    """
    height, width = usual.shape[:2]
    longer = max(height, width)
    best, touched = None, 0
    for window in WINDOWS:
        paper = enlarged(paper_of(usual, window), (width, height))
        find = _of_one_pen(darkest, lightest, paper, near)
        if find is None:
            continue
        left, top, right, bottom = find.digit.box
        long = _long(find.digit.box)
        if window < WINDOWS[1] and long > LARGEST * window * longer:
            continue
        stands_free = left > 0 and top > 0 and right < width and bottom < height
        is_torn_later = long > LARGEST * WINDOWS[2] * longer
        fits = stands_free or long >= TOUCHING * longer
        if (fits and not find.digit.is_shaded) or (window == WINDOWS[1] and stands_free and is_torn_later):
            return find
        is_shadow = best is not None and touched > 1 and best.digit.at_border > SHADOW
        if best is None or window >= WINDOWS[1] or (is_shadow and stands_free):
            best, touched = find, (left <= 0) + (top <= 0) + (right >= width) + (bottom >= height)
            if window < WINDOWS[1]:
                break
    return best


def _of_one_pen(
    darkest: Colors, lightest: Colors, paper: tuple[Colors, Colors], near: Box | None
) -> _Find | None:
    """The digit in dark ink or in light ink; light ink on light paper must be much clearer."""
    kinds = {True: darker(darkest, paper), False: lighter(lightest, paper)}
    usual = bool(paper[0].mean() >= DARK)
    digit = find_digit(kinds[usual], near)
    other = kinds[not usual]
    enough = 0.0 if digit is None else digit.weight / UNUSUAL
    if digit is None or float(other[other > threshold_of(other)].sum(dtype=np.int64)) > enough:
        unusual = find_digit(other, near)
        if unusual is not None and unusual.weight > enough:
            return _Find(unusual, paper, not usual)
    return None if digit is None else _Find(digit, paper, usual)


def _pooled(page: Colors, step: int) -> tuple[Colors, Colors, Colors]:
    """The mean, the least and the greatest values of each step by step pixels."""
    height, width = (length // step for length in page.shape[:2])
    whole = page[: height * step, : width * step]
    block = np.ones((step, step), np.uint8)
    least, most = (
        np.ascontiguousarray(np.asarray(pool(whole, block, anchor=(0, 0)), np.uint8)[::step, ::step])
        for pool in (cv2.erode, cv2.dilate)
    )
    usual = cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(usual, np.uint8), least, most


def _drawn(part: Colors, find: _Find, side: int) -> Colors:
    """The digit alone, on paper of one color."""
    (low, high), digit = find.paper, find.digit
    left, top, right, bottom = digit.box
    middle = np.median(low.reshape(-1, 3), axis=0).astype(np.float32)
    long = max(right - left, bottom - top)
    scale = SHARE * side / long
    ink = part.astype(np.float32)
    own = np.clip(ink, low, high)
    ink -= own
    ink = np.minimum(ink, 0) if find.is_dark else np.maximum(ink, 0)
    shade = (middle.mean() + 16) / (own.mean(axis=2, keepdims=True) + 16)
    ink *= np.clip(shade, 1, LIGHTEST)
    rim = max(1, round(RIM / scale))
    ink *= cv2.dilate(digit.mask, np.ones((2 * rim + 1, 2 * rim + 1), np.uint8))[..., None]
    corner = np.array([side / 2 - scale * (left + right) / 2, side / 2 - scale * (top + bottom) / 2])
    if scale < 1:
        wanted = np.ceil(side / scale).astype(int)
        x, y = round((left + right - wanted) / 2), round((top + bottom - wanted) / 2)
        square = np.zeros((wanted, wanted, 3), np.float32)
        a, b = max(0, -y), max(0, -x)
        inner = ink[max(0, y) : y + wanted, max(0, x) : x + wanted]
        square[a : a + inner.shape[0], b : b + inner.shape[1]] = inner
        placed = cv2.resize(square, (side, side), interpolation=cv2.INTER_AREA)
    else:
        move = np.array([[scale, 0, corner[0] + (scale - 1) / 2], [0, scale, corner[1] + (scale - 1) / 2]])
        placed = cv2.warpAffine(ink, move, (side, side), flags=cv2.INTER_CUBIC)
    return np.asarray(np.rint(middle + placed).clip(0, 255), np.uint8)
