"""Gradient direction features: how strong the edges of each direction are in each part of a picture."""

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

SAMPLES = 9  # sampling points along each side of the picture
STEP = 3  # pixels from one sampling point to the next
SPREAD = 1.6  # standard deviation, in pixels, of the Gaussian around a sampling point
BLUR = 0.7  # standard deviation, in pixels, of the blur before the gradients
BLOCK = 16  # pictures measured at once; their arrays fit into the processor's caches


def gradient_features(pictures: NDArray[np.uint8]) -> Array:
    """(n, 648) float32 of unit length, from (n, h, w) uint8; all zeros for a blank picture.

    Each Sobel gradient is decomposed into its two nearest of 8 directions. A Gaussian at each of 9x9
    sampling points sums up the strengths of each direction, and a square root evens them out (Liu,
    Nakashima, Sako and Fujisawa, "Handwritten digit recognition: investigation of normalization and feature
    extraction techniques", Pattern Recognition 37(2), 2004).
    """
    return np.concatenate(
        [_features(pictures[at : at + BLOCK]) for at in range(0, max(len(pictures), 1), BLOCK)]
    )


def _features(pictures: NDArray[np.uint8]) -> Array:
    count, height, width = pictures.shape
    maps = _decomposed(*_gradients(pictures.astype(np.float32)))
    sampled = _sampling(height) @ maps @ _sampling(width).T
    found = np.sqrt(np.maximum(sampled, 0, out=sampled).transpose(1, 0, 2, 3).reshape(count, -1))
    length = np.linalg.norm(found, axis=1, keepdims=True)
    return np.asarray(found / np.maximum(length, 1e-9), np.float32)


def _gradients(pictures: Array) -> tuple[Array, Array]:
    """The slopes to the right and down of (n, h, w) pictures, blurred lightly; at most 1.

    Pixels outside of a picture count as 0.
    """
    _, height, width = pictures.shape
    both = np.concatenate(_filters(height, 1)) @ pictures
    smoothed, sloped = _filters(width, 0)
    right, down = both[:, :height] @ sloped.T, both[:, height:] @ smoothed.T
    return np.asarray(right, np.float32), np.asarray(down, np.float32)


def _decomposed(right: Array, down: Array) -> Array:
    """(8, n, h, w): each gradient as the sum of its two nearest of 8 directions.

    The order is right, left, down, up, then the four diagonals. A diagonal gets what a gradient has in both
    of its sides.
    """
    sides = np.empty((4, *right.shape), np.float32)
    for at, slopes in ((0, right), (2, down)):
        np.maximum(slopes, 0, out=sides[at])
        np.subtract(sides[at], slopes, out=sides[at + 1])
    parts = np.empty((8, *right.shape), np.float32)
    diagonal = parts[4:].reshape(2, 2, *right.shape)
    np.minimum(sides[:2, None], sides[None, 2:], out=diagonal)
    for some, (one, other) in ((slice(2), diagonal.swapaxes(0, 1)), (slice(2, 4), diagonal)):
        np.subtract(sides[some], one, out=parts[some])
        parts[some] -= other
    diagonal *= np.sqrt(np.float32(2))
    return parts


@cache
def _filters(length: int, outside: int) -> tuple[Array, Array]:
    """Two (length, length) matrices: Sobel's smoothing and its slope, of a line that is blurred first.

    `outside`: pixels past the ends of the line where the blur counts; further out all is 0.
    """
    kernel = cv2.getGaussianKernel(5, BLUR)[:, 0]
    wide = np.arange(-outside, length + outside)
    away = np.abs(wide[:, None] - np.arange(length))
    smooth = np.where(away <= 2, kernel[2 - np.minimum(away, 2)], 0)
    offsets = wide - np.arange(length)[:, None]
    smoothed = np.select([offsets == 0, np.abs(offsets) == 1], [2.0, 1.0]) @ smooth
    sloped = np.select([offsets == 1, offsets == -1], [1.0, -1.0]) @ smooth
    scale = np.sqrt(0.25 / 255)
    return (scale * smoothed).astype(np.float32), (scale * sloped).astype(np.float32)


@cache
def _sampling(length: int) -> Array:
    """(9, length) the weight of each of a line's pixels at each sampling point."""
    points = (length - 1) / 2 + STEP * (np.arange(SAMPLES) - SAMPLES // 2)
    offsets = np.arange(length) - points[:, None]
    weights: NDArray[np.float64] = np.exp(-np.square(offsets) / (2 * SPREAD**2))
    return np.asarray(weights, np.float32)
