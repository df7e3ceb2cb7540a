"""One shade for each pixel of a colored picture: paper around 0, ink above it."""

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

ALL_COLORS = np.sqrt(3)  # as long as (1, 1, 1)
NEIGHBORHOOD = 7  # pixels to each side, in a subsampled picture
FITS = 3
PLANE_STEP = 8  # pixels from one pixel that a plane is fitted to, to the next
LEAST_EVIDENCE = 20.0**3  # cubed levels: below it, strokes may lie between the pixels of a fit


def ink_shades(pictures: NDArray[np.uint8]) -> Array:
    """(n, h, w) float32 shades of (n, h, w, 3) uint8 RGB pictures, in levels of 8-bit color.

    The paper is around 0 and the ink above it, whatever their colors. Width and height must be even.
    """
    gray, is_gray = _gray(pictures)
    if is_gray.all():
        return _ink_above_paper(_along_gray(gray))
    shades = _along_main_axis(pictures)
    if is_gray.any():
        shades[is_gray] = _along_gray(gray[is_gray])
    return _ink_above_paper(shades)


def _gray(pictures: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """(n, h, w) the red channel of pictures, and whether green and blue are equal to it, (n,)."""
    count, height, width, _ = pictures.shape
    tall = pictures.reshape(-1, width, 3)
    gray = np.asarray(cv2.extractChannel(tall, 0), np.uint8)
    is_gray = (cv2.merge([gray, gray, gray]) == tall).reshape(count, -1).all(axis=1)
    return gray.reshape(count, height, width), np.asarray(is_gray)


def _along_main_axis(pictures: NDArray[np.uint8]) -> Array:
    """(n, h, w) coordinates of the pixels on the color axis along which each picture's middle varies most."""
    count, _, width, _ = pictures.shape
    smooth = _smoothed(pictures)
    axes = _main_color_axes(_subsampled(smooth))
    shades = smooth.reshape(count, -1, 3).astype(np.float32) @ axes[:, :, None]
    return shades.reshape(count, -1, width)[:, :-2]


def _along_gray(gray: NDArray[np.uint8]) -> Array:
    """(n, h, w) the same for gray pictures, (n, h, w), which vary only along the gray axis."""
    return np.multiply(_smoothed(gray)[:, :-2], ALL_COLORS, dtype=np.float32)


def _smoothed(pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(n, h + 2, w[, 3]) the pictures blurred lightly; the last two rows of each are not valid."""
    count, height, *rest = pictures.shape
    stack = np.empty((count, height + 2, *rest), np.uint8)
    stack[:, :-2] = pictures
    stack[:, -2] = pictures[:, -2]  # each border is mirrored, as the stack's own is
    stack[:-1, -1], stack[-1, -1] = pictures[1:, 1], 0
    tall = cv2.GaussianBlur(stack.reshape(-1, *rest), (3, 3), 0.7)
    return np.asarray(tall, np.uint8).reshape(stack.shape)


def _subsampled(smooth: NDArray[np.uint8]) -> Array:
    """(3, n, h/2, w/2) every second pixel of every second row from `_smoothed`, color by color."""
    count, rows, width, _ = smooth.shape
    half = (width // 2, count * rows // 2)
    tall = cv2.resize(smooth.reshape(-1, width, 3), half, interpolation=cv2.INTER_NEAREST)
    colors = np.asarray(tall).reshape(count, rows // 2, width // 2, 3)[:, :-1]
    return colors.transpose(3, 0, 1, 2).astype(np.float32, order="C")


def _main_color_axes(pictures: Array) -> Array:
    """(n, 3) unit vectors in RGB: the first principal component of each of (3, n, h, w) pictures.

    It is that of the deviations from the mean around each pixel, weighted more in the middle.
    """
    _, count, height, width = pictures.shape
    around = _means_around(height) @ pictures @ _means_around(width).T
    deviations = np.subtract(pictures, around, out=around).reshape(3, count, -1)
    weighted = deviations * center_weights(height, width).reshape(-1)
    _, axes = np.linalg.eigh(weighted.transpose(1, 0, 2) @ deviations.transpose(1, 2, 0))
    return np.asarray(axes[:, :, -1], np.float32)


def _ink_above_paper(shades: Array) -> Array:
    """The shades less a plane through the paper, with the sign that puts the ink above it."""
    _, height, width = shades.shape
    first = PLANE_STEP // 2
    planes, evidence = _paper_planes(np.ascontiguousarray(shades[:, first::PLANE_STEP, first::PLANE_STEP]))
    x, y = _places(width), _places(height)
    for picture in (np.abs(evidence) < LEAST_EVIDENCE).nonzero()[0].tolist():
        constant, along, down = planes[picture].tolist()
        above = shades[picture] - (constant + down * y)[:, None] - along * x
        evidence[picture] = (center_weights(height, width) * above * above * above).sum()
    signs = np.where(evidence >= 0, np.float32(1), np.float32(-1))
    constant, along, down = (planes * signs[:, None]).T[:, :, None]
    level = shades * signs[:, None, None]
    level -= (constant + down * y)[:, :, None]
    level -= (along * x)[:, None, :]
    return level


def _paper_planes(shades: Array) -> tuple[Array, Array]:
    """(n, 3) the coefficients of planes through the paper (constant, x, y), and the side of the ink, (n,).

    Fitted by iteratively reweighted least squares: what lies off the plane counts less in the next fit. The
    sum of the cubed deviations is positive if the ink is above the plane; near 0, the pixels do not tell.
    """
    count, height, width = shades.shape
    _, weights = _plane(height, width)
    middle = weights.size // 2
    some = shades.reshape(count, -1)
    deviations = some - np.partition(some, middle, axis=1)[:, middle, None]
    for _ in range(FITS):
        size = np.abs(deviations)
        usual = np.partition(size, middle, axis=1)[:, middle, None]
        size /= 1.5 * usual + 1
        np.square(np.square(size, out=size), out=size)
        size += 1
        planes, deviations = _fitted(shades, np.divide(weights, size, out=size))
    cubes = center_weights(height, width).reshape(-1) * deviations * deviations * deviations
    return planes, cubes.sum(axis=1)


def _fitted(shades: Array, trust: Array) -> tuple[Array, Array]:
    """(n, 3) the planes fitted with weights `trust` (n, k), and each pixel's height above them, (n, k)."""
    count, height, width = shades.shape
    basis, _ = _plane(height, width)
    some = shades.reshape(count, -1)
    matrices = (trust[:, None] @ _products(height, width)).reshape(count, 3, 3)
    planes = np.linalg.solve(matrices, basis @ (trust * some)[:, :, None])[:, :, 0]
    return planes, some - (planes[:, None] @ basis)[:, 0]


@cache
def center_weights(height: int, width: int) -> Array:
    """1 in the middle, falling with the distance from it to 0.05 in the corners."""
    return np.clip(1.2 - _radius(height, width), 0.05, 1).astype(np.float32)


@cache
def _plane(height: int, width: int) -> tuple[Array, Array]:
    """For each of k pixels: constant, x and y, (3, k), and a weight, how likely it is paper, (k,).

    Digits leave the corners free. The outermost pixels may be the edge of a box.
    """
    y, x = _grid(height, width)
    trust = _radius(height, width) ** 2 + 0.05
    trust[[0, -1]] *= 0.2
    trust[:, [0, -1]] *= 0.2
    basis = np.stack([np.ones_like(x), x, y]).reshape(3, -1)
    return np.asarray(basis, np.float32), np.asarray(trust.reshape(-1), np.float32)


@cache
def _products(height: int, width: int) -> Array:
    """(k, 9) what each of k pixels adds to the normal matrix of a fit."""
    basis, _ = _plane(height, width)
    return np.ascontiguousarray((basis[:, None] * basis[None]).reshape(9, -1).T)


@cache
def _places(length: int) -> Array:
    """(length,) coordinates of a line's pixels; from -1 to 1 over those that a plane is fitted to."""
    first, *_, last = range(PLANE_STEP // 2, length, PLANE_STEP)
    return (2 * (np.arange(length) - first) / (last - first) - 1).astype(np.float32)


@cache
def _means_around(length: int) -> Array:
    """(length, length) the matrix of a moving average along a line, mirrored at its ends."""
    at = np.arange(length)[:, None] + np.arange(-NEIGHBORHOOD, NEIGHBORHOOD + 1)
    inside = length - 1 - np.abs(length - 1 - np.abs(at))
    means = np.zeros((length, length))
    np.add.at(means, (np.arange(length)[:, None], inside), 1 / (2 * NEIGHBORHOOD + 1))
    return means.astype(np.float32)


def _radius(height: int, width: int) -> NDArray[np.float64]:
    return np.asarray(np.hypot(*_grid(height, width)), np.float64)


def _grid(height: int, width: int) -> NDArray[np.float64]:
    return np.stack(np.meshgrid(np.linspace(-1, 1, height), np.linspace(-1, 1, width), indexing="ij"))
