"""Data augmentation: distorted copies of references, as other hands might have written them."""

import zlib
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

COPIES = 15  # of each picture
MOST = 8000  # pictures and copies together
ROTATION = np.deg2rad(12)  # the most a copy is turned, to each side
SHEAR = 0.18  # the most a row is shifted against the next one, in columns
ASPECT = 0.1  # the most by which the logarithms of width and height change
PEN = 0.7  # the most pixels that a stroke gets wider or narrower on each side
EVERY = 3  # one copy in this many has another pen; more of them cost accuracy if pens are alike
FAT = 8000  # if there are too many references for other copies, at most this many get a copy with a fat pen
FATTER = (0.6, 1.6)  # pixels by which a fat pen is wider on each side
# The steps of a quasirandom sequence in four dimensions (Roberts, "The unreasonable effectiveness of
# quasirandom sequences", 2018).
STRIDES = 1.1673039782614187 ** -np.arange(1.0, 5.0)


def copies_of(pictures: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Copies, (k, h, w), of (n, h, w) uint8 pictures, and the index of each one's original, (k,).

    The more pictures there are, the fewer copies each gets. Thousands of pictures show all ways to write a
    digit, but felt pens are rare among them, so some pictures get one copy with a fat pen. Equal pictures
    get equal copies, except if only some pictures get one.
    """
    each = min(COPIES, MOST // len(pictures) - 1)
    if each <= 0:
        return fat_copies(pictures)
    copies = distorted_copies(pictures, each).reshape(-1, *pictures.shape[1:])
    return copies, np.tile(np.arange(len(pictures)), each)


def distorted_copies(pictures: NDArray[np.uint8], each: int) -> NDArray[np.uint8]:
    """(each, n, h, w) copies of (n, h, w) uint8 pictures."""
    made = np.empty((each, *pictures.shape), np.uint8)
    for at, picture in enumerate(pictures):
        first = zlib.crc32(picture.tobytes()) % (1 << 20)
        for number in range(each):
            made[number, at] = distorted(picture, first + number, other_pen=number % EVERY == 0)
    return made


def fat_copies(pictures: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Fat-pen copies, (k, h, w), of at most 8,000 of (n, h, w) uint8 pictures, and their originals, (k,)."""
    which = np.arange(0, len(pictures), -(-len(pictures) // FAT))
    least, most = FATTER
    made = np.empty((len(which), *pictures.shape[1:]), np.uint8)
    for at, picture in enumerate(pictures[which]):
        share = zlib.crc32(picture.tobytes()) / (1 << 32)
        made[at] = _full(_wider(picture, least + share * (most - least)))
    return made, which


def distorted(picture: NDArray[np.uint8], number: int, *, other_pen: bool) -> NDArray[np.uint8]:
    """An (h, w) uint8 picture turned, sheared and stretched; its longer side stays as long.

    With `other_pen` its strokes also get wider or narrower. Successive values of `number` spread evenly over
    all possible distortions.
    """
    turn, lean, stretch, pen = ((0.5 + STRIDES * number) % 1) * 2 - 1
    turned = _turned(picture, float(turn), float(lean), float(stretch))
    mixed = _with_pen(turned, float(pen)) if other_pen else turned
    return _full(mixed)


def _turned(picture: NDArray[np.uint8], turn: float, lean: float, stretch: float) -> NDArray[np.uint8]:
    height, width = picture.shape
    cos, sin = np.cos(turn * ROTATION), np.sin(turn * ROTATION)
    wider = np.exp(stretch * ASPECT)
    plane = np.array([[cos, -sin], [sin, cos]]) @ [[1, lean * SHEAR], [0, 1]] @ [[wider, 0], [0, 1 / wider]]
    middle = np.array([(width - 1) / 2, (height - 1) / 2])
    y, x = np.nonzero(picture >= 128)
    if len(x):
        after = plane @ (np.stack([x, y]) - middle[:, None])
        plane *= (1 + max(np.ptp(x), np.ptp(y))) / (1 + np.ptp(after, axis=1).max())
    across_and_down = np.column_stack([plane, middle - plane @ middle])
    return np.asarray(cv2.warpAffine(picture, across_and_down, (width, height)), np.uint8)


def _with_pen(picture: NDArray[np.uint8], pen: float) -> NDArray[np.uint8]:
    if pen > 0:
        return _wider(picture, pen * PEN)
    return _blend(picture, cv2.erode(picture, _disc()), -pen * PEN)


def _wider(picture: NDArray[np.uint8], pixels: float) -> NDArray[np.uint8]:
    """The picture drawn with a wider pen; at most two pixels more on each side."""
    once = cv2.dilate(picture, _disc())
    return (
        _blend(picture, once, pixels) if pixels <= 1 else _blend(once, cv2.dilate(once, _disc()), pixels - 1)
    )


def _disc() -> NDArray[np.uint8]:
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3)), np.uint8)


def _blend(one: Any, other: Any, share: float) -> NDArray[np.uint8]:
    return np.asarray(cv2.addWeighted(one, 1 - share, other, share, 0), np.uint8)


def _full(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The picture scaled so that its strongest pixel is 255."""
    return np.asarray(cv2.convertScaleAbs(picture, alpha=255 / max(int(picture.max()), 1)), np.uint8)
