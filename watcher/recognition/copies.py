"""Copies of pictures as other hands might have written them, for where there are few."""

import zlib

import cv2
import numpy as np
from numpy.typing import NDArray

COPIES = 15  # of each picture
MOST = 8000  # pictures and copies
ROTATION = np.deg2rad(12)  # the most that is turned to each side
SHEAR = 0.18  # the most columns of slant for a row
ASPECT = 0.1  # the most by which the logarithms of width and height change
PEN = 0.7  # the most of a stroke that is a pixel wider or narrower all around
EVERY = 3  # one copy of this many has another pen: more of them cost on pens that are alike
# The steps of an even cover of four dimensions (Roberts, The unreasonable effectiveness of quasirandom
# sequences, 2018).
STRIDES = 1.1673039782614187 ** -np.arange(1.0, 5.0)


def copies_each(count: int) -> int:
    """How many copies each of `count` pictures gets; none where there are many."""
    return max(0, min(COPIES, MOST // count - 1))


def distorted_copies(pictures: NDArray[np.uint8], each: int) -> NDArray[np.uint8]:
    """(each, n, h, w) copies of (n, h, w) uint8 pictures; equal pictures have equal copies."""
    made = np.empty((each, *pictures.shape), np.uint8)
    for at, picture in enumerate(pictures):
        first = zlib.crc32(picture.tobytes()) % (1 << 20)
        for number in range(each):
            made[number, at] = distorted(picture, first + number, other_pen=number % EVERY == 0)
    return made


def distorted(picture: NDArray[np.uint8], number: int, *, other_pen: bool) -> NDArray[np.uint8]:
    """An (h, w) uint8 picture turned, sheared and stretched, its longer side as before; or with another pen.

    `number` chooses how, evenly over all that is possible.
    """
    turn, lean, stretch, pen = ((0.5 + STRIDES * number) % 1) * 2 - 1
    turned = _turned(picture, float(turn), float(lean), float(stretch))
    mixed = _penned(turned, float(pen)) if other_pen else turned
    return np.asarray(cv2.convertScaleAbs(mixed, alpha=255 / max(int(mixed.max()), 1)), np.uint8)


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


def _penned(picture: NDArray[np.uint8], pen: float) -> NDArray[np.uint8]:
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))
    other = cv2.dilate(picture, disc) if pen > 0 else cv2.erode(picture, disc)
    share = abs(pen) * PEN
    return np.asarray(cv2.addWeighted(picture, 1 - share, other, share, 0), np.uint8)
