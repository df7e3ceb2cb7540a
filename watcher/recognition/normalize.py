"""Normalizers: from a picture, (64, 64, 3) uint8 RGB, to the array that the rules compare."""

from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from watcher.recognition.ink.coverage import ink_coverage

Normalizer = Callable[[NDArray[np.uint8]], NDArray[Any]]
Floats = NDArray[np.float64]

BLOCK = 16  # pictures normalized at once; their arrays fit into the processor's caches
SIZE = 28
MIDDLE = (SIZE - 1) / 2
BOX = 20  # pixels of the digit's longer side
DARK = 3 * 255 // 2  # if the sum of three colors is at most this, their mean is below 255/2
INK = 0.5  # a pixel with at least this coverage belongs to the digit's bounding box
BLUR = 0.7  # standard deviation, in pixels of the result: makes scaling smooth, and small shifts harmless
STEEPEST = 0.6  # the greatest shear that is taken for slant


class Batchwise:
    """A normalizer that takes many pictures at once; called, it takes one."""

    def __init__(self, batch: Callable[[NDArray[np.uint8]], NDArray[Any]]) -> None:
        self.batch = batch
        self.__doc__ = batch.__doc__

    def __call__(self, picture: NDArray[np.uint8]) -> NDArray[Any]:
        """Normalize one (h, w, 3) picture."""
        return np.asarray(self.batch(picture[None])[0])


def normalize_batch(normalizer: Normalizer, pictures: NDArray[np.uint8]) -> NDArray[Any]:
    """(n, …) the normalized (n, h, w, 3) pictures. Raises ValueError if their shapes differ."""
    if isinstance(normalizer, Batchwise):
        return normalizer.batch(pictures)
    return np.stack([normalizer(picture) for picture in pictures])


def none(pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The pictures' own colors, (n, 64, 64, 3) float32 from 0 to 1."""
    return pictures.astype(np.float32) / np.float32(255)


def binary(pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(n, 64, 64) uint8: 1 (ink) if the mean of red, green and blue is below 255/2, else 0 (paper)."""
    ink = np.empty(pictures.shape[:3], np.bool_)
    for at in range(0, len(pictures), BLOCK):
        some = pictures[at : at + BLOCK]
        red, green, blue = cv2.split(some.reshape(-1, some.shape[2], 3))
        sums = np.add(red, green, dtype=np.uint16)
        sums += np.asarray(blue, np.uint8)
        np.less_equal(sums, DARK, out=ink[at : at + BLOCK].reshape(sums.shape))
    return ink.view(np.uint8)


def centered(pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The digits alone, (n, 28, 28) float32 from 0 (paper) to 1; all zeros if there is no ink.

    Each digit is deskewed: the shear x' = x - s·y with s = μ₁₁/μ₀₂, from its second central moments, at most
    0.6. Its longer side becomes 20 pixels, its center of mass the middle of the picture. It is blurred
    lightly. This is the layout of MNIST, deskewed (LeCun, Bottou, Bengio and Haffner, "Gradient-based
    learning applied to document recognition", Proc. IEEE 86(11), 1998).
    """
    ink = ink_coverage(pictures)
    placed = np.zeros((len(ink), SIZE, SIZE), np.float32)
    inked = ink >= INK
    rows = np.flatnonzero(inked.any(axis=(1, 2)))
    if not len(rows):
        return placed
    if len(rows) < len(ink):
        ink, inked = ink[rows], inked[rows]
    x, y, slants = _centers_and_slants(ink)
    scales = BOX / (1 + _longer_sides(inked, slants))
    placings = zip(x.tolist(), y.tolist(), slants.tolist(), scales.tolist(), strict=True)
    for row, one, (x_at, y_at, slant, scale) in zip(rows.tolist(), ink, placings, strict=True):
        smooth = cv2.GaussianBlur(one, (0, 0), BLUR / scale)
        across = (scale, -scale * slant, MIDDLE - scale * (x_at - slant * y_at))
        move = np.array((across, (0.0, scale, MIDDLE - scale * y_at)))
        cv2.warpAffine(smooth, move, (SIZE, SIZE), placed[row])
    placed[rows] /= placed[rows].max(axis=(1, 2), keepdims=True)
    return placed


def _centers_and_slants(ink: NDArray[np.float32]) -> tuple[Floats, Floats, Floats]:
    """(n,) the centers of mass, x and y, and the slants: columns to the right for each row down."""
    _, height, width = ink.shape
    moments = (_powers(height) @ (ink @ _powers(width)[:2].T)).astype(np.float64)
    (mass, y, squared), (x, mixed, _) = moments.transpose(2, 1, 0)
    x, y = x / mass, y / mass
    spread = squared - mass * y * y
    lean = np.divide(mixed - mass * x * y, spread, out=np.zeros_like(x), where=spread > 0)
    return x + (width - 1) / 2, y + (height - 1) / 2, lean.clip(-STEEPEST, STEEPEST)


@cache
def _powers(length: int) -> NDArray[np.float32]:
    """(3, length) powers 0, 1 and 2 of each pixel's distance from the middle of a line."""
    return np.vander(np.arange(length) - (length - 1) / 2, 3, increasing=True).T.astype(np.float32)


def _longer_sides(inked: NDArray[np.bool_], slants: Floats) -> Floats:
    """(n,) the height of the ink or, if greater, its width after deskewing; both less one pixel."""
    _, height, width = inked.shape
    some = np.asarray(inked.any(axis=2))
    left, right = inked.argmax(axis=2), width - 1 - inked[:, :, ::-1].argmax(axis=2)
    shear = slants[:, None] * np.arange(height)
    first, last = np.where(some, left - shear, np.inf), np.where(some, right - shear, -np.inf)
    high = height - 1 - some[:, ::-1].argmax(axis=1) - some.argmax(axis=1)
    return np.asarray(np.maximum(high, last.max(axis=1) - first.min(axis=1)), np.float64)


NORMALIZERS: Mapping[str, Normalizer] = MappingProxyType(
    {"none": Batchwise(none), "binary": Batchwise(binary), "centered": Batchwise(centered)}
)
FORMER_NAMES: Mapping[str, str] = MappingProxyType({"centred": "centered"})
"""Former names of normalizers; settings and saved classifiers may still use them."""
