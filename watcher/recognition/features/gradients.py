"""Gradient directions: which way edges run where, the measure that finds references worth a closer look."""

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

SAMPLES = 9  # along each side of the picture
STEP = 3  # pixels from one to the next
SPREAD = 1.6  # standard deviation of what each one sees, in pixels
BLUR = 0.7  # standard deviation in pixels
BLOCK = 16  # pictures measured at once, whose arrays fit into the processor's caches


def directions(pictures: NDArray[np.uint8]) -> Array:
    """(n, 648) float32 of unit length: how strong edges of 8 directions are at 9x9 places of (n, h, w) uint8.

    All zeros where a picture is blank. The gradients are divided between the two nearest directions (Liu,
    Nakashima, Sako and Fujisawa, Handwritten digit recognition: investigation of normalization and feature
    extraction techniques, Pattern Recognition 37, 2004).
    """
    return np.concatenate(
        [_directions(pictures[at : at + BLOCK]) for at in range(0, max(len(pictures), 1), BLOCK)]
    )


def _directions(pictures: NDArray[np.uint8]) -> Array:
    count, height, width = pictures.shape
    maps = _parts(*_gradients(pictures.astype(np.float32)))
    seen = _sampling(height) @ maps @ _sampling(width).T
    found = np.sqrt(np.maximum(seen, 0, out=seen).transpose(1, 0, 2, 3).reshape(count, -1))
    length = np.linalg.norm(found, axis=1, keepdims=True)
    return np.asarray(found / np.maximum(length, 1e-9), np.float32)


def _gradients(pictures: Array) -> tuple[Array, Array]:
    """The slopes to the right and down of (n, h, w) pictures, lightly blurred, at most 1; 0 lies around."""
    _, height, width = pictures.shape
    both = np.concatenate(_filters(height, 1)) @ pictures
    smoothed, sloped = _filters(width, 0)
    right, down = both[:, :height] @ sloped.T, both[:, height:] @ smoothed.T
    return np.asarray(right, np.float32), np.asarray(down, np.float32)


def _parts(right: Array, down: Array) -> Array:
    """(8, n, h, w): each gradient as the sum of its two nearest of 8 directions.

    Those are right, left, down and up, and then the oblique ones, as far as a gradient goes both ways.
    """
    sides = np.empty((4, *right.shape), np.float32)
    for at, slopes in ((0, right), (2, down)):
        np.maximum(slopes, 0, out=sides[at])
        np.subtract(sides[at], slopes, out=sides[at + 1])
    parts = np.empty((8, *right.shape), np.float32)
    oblique = parts[4:].reshape(2, 2, *right.shape)
    np.minimum(sides[:2, None], sides[None, 2:], out=oblique)
    for some, (one, other) in ((slice(2), oblique.swapaxes(0, 1)), (slice(2, 4), oblique)):
        np.subtract(sides[some], one, out=parts[some])
        parts[some] -= other
    oblique *= np.sqrt(np.float32(2))
    return parts


@cache
def _filters(length: int, outside: int) -> tuple[Array, Array]:
    """(length, length) twice: Sobel's filters along a line that a Gaussian made smooth: smoothness, slope.

    `outside`: pixels past the ends of the line where the Gaussian is seen; further out is nothing.
    """
    kernel = cv2.getGaussianKernel(5, BLUR)[:, 0]
    wide = np.arange(-outside, length + outside)
    apart = np.abs(wide[:, None] - np.arange(length))
    smooth = np.where(apart <= 2, kernel[2 - np.minimum(apart, 2)], 0)
    beside = wide - np.arange(length)[:, None]
    smoothed = np.select([beside == 0, np.abs(beside) == 1], [2.0, 1.0]) @ smooth
    sloped = np.select([beside == 1, beside == -1], [1.0, -1.0]) @ smooth
    scale = np.sqrt(0.25 / 255)
    return (scale * smoothed).astype(np.float32), (scale * sloped).astype(np.float32)


@cache
def _sampling(length: int) -> Array:
    """(9, length) what each sample sees of a line of pixels."""
    places = (length - 1) / 2 + STEP * (np.arange(SAMPLES) - SAMPLES // 2)
    apart = np.arange(length) - places[:, None]
    seen: NDArray[np.float64] = np.exp(-np.square(apart) / (2 * SPREAD**2))
    return np.asarray(seen, np.float32)
