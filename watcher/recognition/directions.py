"""Gradient directions: which way edges run where, the measure that finds references worth a closer look."""

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

SAMPLES = 9  # along each side of the picture
STEP = 3  # pixels from one to the next
SPREAD = 1.6  # standard deviation of what each one sees, in pixels
ROOM = 2  # blank rows above and below each picture of a stack: no filter reaches from one to another
BLOCK = 50  # pictures measured at once, whose arrays fit into the processor's caches


def directions(pictures: NDArray[np.uint8]) -> Array:
    """(n, 648) float32 of unit length: how strong edges of 8 directions are at 9x9 places of (n, h, w) uint8.

    All zeros where a picture is blank. The gradients are divided between the two nearest directions (Liu,
    Nakashima, Sako and Fujisawa, Handwritten digit recognition: investigation of normalization and feature
    extraction techniques, Pattern Recognition 37, 2004).
    """
    return np.concatenate(
        [_directions(pictures[at : at + BLOCK]) for at in range(0, max(len(pictures), 1), BLOCK)]
    )


def gradients(image: Array | NDArray[np.uint8]) -> tuple[Array, Array]:
    """The slopes to the right and down of an (h, w) image from 0 to 255, at most 1; 0 lies around it."""
    along, down = (
        cv2.Sobel(image, cv2.CV_32F, *way, scale=0.25 / 255, borderType=cv2.BORDER_CONSTANT)
        for way in ((1, 0), (0, 1))
    )
    return np.asarray(along, np.float32), np.asarray(down, np.float32)


def _directions(pictures: NDArray[np.uint8]) -> Array:
    count, height, width = pictures.shape
    stack = np.zeros((count, height + 2 * ROOM, width), np.float32)
    stack[:, ROOM:-ROOM] = pictures
    smooth = cv2.GaussianBlur(stack.reshape(-1, width), (5, 5), 0.7, borderType=cv2.BORDER_CONSTANT)
    parts = _parts(*gradients(np.asarray(smooth, np.float32)))
    maps = parts.reshape(8, count, height + 2 * ROOM, width)[:, :, ROOM:-ROOM]
    seen = _sampling(height) @ maps @ _sampling(width).T
    found = np.sqrt(np.maximum(seen.transpose(1, 0, 2, 3).reshape(count, -1), 0))
    length = np.linalg.norm(found, axis=1, keepdims=True)
    return np.asarray(found / np.maximum(length, 1e-9), np.float32)


def _parts(right: Array, down: Array) -> Array:
    """(8, h, w): each gradient as the sum of its two nearest of 8 directions."""
    wide, high, left, up = np.abs(right), np.abs(down), -right, -down
    straight = [right - high, left - high, down - wide, up - wide]
    oblique = [np.sqrt(np.float32(2)) * np.minimum(a, b) for a in (right, left) for b in (down, up)]
    return np.asarray(np.maximum(np.stack(straight + oblique), 0), np.float32)


@cache
def _sampling(length: int) -> Array:
    """(9, length) what each sample sees of a line of pixels."""
    places = (length - 1) / 2 + STEP * (np.arange(SAMPLES) - SAMPLES // 2)
    apart = np.arange(length) - places[:, None]
    seen: NDArray[np.float64] = np.exp(-np.square(apart) / (2 * SPREAD**2))
    return np.asarray(seen, np.float32)
