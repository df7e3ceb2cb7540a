"""How far each pixel lies from its paper towards the ink, in any colors and any light."""

from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

STROKE = 25  # pixels: ink is narrower than this in one direction, paper and shadow are wider
RIM = 2  # pixels: more would take a fat pen's stroke along the border for paper, less a shadow's edge for ink
NEIGHBOURHOOD = (15, 15)  # pixels of a thinned picture
DARKEST = 0.1  # of the ink's contrast: no shadow along the border is taken to be darker, as a stroke there is
FITS = 4


def ink_contrast(picture: NDArray[np.uint8]) -> Array:
    """Contrast to the paper of an (h, w, 3) uint8 RGB picture, (h, w) float32 in levels of 8-bit color.

    Paper gives values near 0 but none below; light ink on dark paper gives high values as dark ink on light
    paper does.
    """
    smooth = cv2.GaussianBlur(picture, (3, 3), 0.7)
    axis = _main_contrast(_thinned(smooth).astype(np.float32))
    shade = np.asarray(cv2.transform(smooth.astype(np.float32), axis), np.float32)
    shade = _ink_above_paper(shade)
    # Opening takes away all that is as narrow as a stroke: what stays is the paper under the ink. The padding
    # lets it take a shadow that reaches the border for paper, but not a stroke that does.
    padded = cv2.copyMakeBorder(shade, RIM, RIM, RIM, RIM, cv2.BORDER_REPLICATE)
    opened = cv2.morphologyEx(padded, cv2.MORPH_OPEN, np.ones((STROKE, STROKE), np.uint8))
    opened = np.minimum(opened, np.float32(DARKEST) * shade.max())
    paper = cv2.GaussianBlur(opened, (15, 15), 0)[RIM:-RIM, RIM:-RIM]
    return np.asarray(np.maximum(shade - paper, 0), np.float32)


def _thinned(picture: NDArray[Any]) -> NDArray[Any]:
    """Every second pixel of every second row."""
    height, width = picture.shape[:2]
    half = (-(-width // 2), -(-height // 2))
    return np.asarray(cv2.resize(picture, half, interpolation=cv2.INTER_NEAREST))


def _main_contrast(smooth: Array) -> Array:
    """(1, 3) the unit vector in RGB along which the middle of an (h, w, 3) picture varies most."""
    apart = smooth - cv2.blur(smooth, NEIGHBOURHOOD)
    flat = apart.reshape(-1, 3)
    _, _, axes = cv2.eigen((flat * centre_weights(*smooth.shape[:2]).reshape(-1, 1)).T @ flat)
    return np.asarray(axes[:1], np.float32)


def _ink_above_paper(shade: Array) -> Array:
    """The shades above a plane through the paper, turned so that the ink, all on one side of it, is above."""
    plane, ink_lies_above = _paper_plane(_thinned(_thinned(shade)))
    flat = shade - np.tensordot(plane, _places(*shade.shape), axes=1)
    return np.asarray(flat if ink_lies_above else -flat, np.float32)


def _paper_plane(shade: Array) -> tuple[Array, bool]:
    """The constant, x and y of a plane through the paper, (3,), and whether the ink lies above it."""
    basis, weights = _plane(*shade.shape)
    some = shade.reshape(-1, 1)
    trust = weights
    for _ in range(FITS):
        trusted = basis * trust
        _, plane = cv2.solve(trusted @ basis.T, trusted @ some, flags=cv2.DECOMP_CHOLESKY)
        apart = some[:, 0] - plane[:, 0] @ basis
        size = np.abs(apart)
        size /= 1.5 * np.partition(size, len(size) // 2)[len(size) // 2] + 1
        trust = weights / (1 + np.square(np.square(size)))
    centre = centre_weights(*shade.shape).reshape(-1)
    return np.asarray(plane[:, 0], np.float32), bool(np.dot(centre * apart * apart, apart) >= 0)


@cache
def centre_weights(height: int, width: int) -> Array:
    """1 in the middle, falling with the distance from it to 0.05 in the corners."""
    return np.clip(1.2 - _radius(height, width), 0.05, 1).astype(np.float32)


@cache
def _plane(height: int, width: int) -> tuple[Array, Array]:
    """Constant, x and y, (3, n), and trust in paper, (n,), for each of the n pixels.

    Digits leave the corners free, and the outermost pixels may be the edge of a box.
    """
    y, x = _grid(height, width)
    trust = _radius(height, width) ** 2 + 0.05
    trust[[0, -1]] *= 0.2
    trust[:, [0, -1]] *= 0.2
    basis = np.stack([np.ones_like(x), x, y]).reshape(3, -1)
    return np.asarray(basis, np.float32), np.asarray(trust.reshape(-1), np.float32)


@cache
def _places(height: int, width: int) -> Array:
    """(3, h, w) 1, x and y of each pixel, from -1 to 1 over those that are left when it is thinned twice."""
    y, x = (2 * np.arange(length) / (length - 1 - (length - 1) % 4) - 1 for length in (height, width))
    return np.stack(np.broadcast_arrays(1.0, x[None], y[:, None])).astype(np.float32)


def _radius(height: int, width: int) -> NDArray[np.float64]:
    return np.asarray(np.hypot(*_grid(height, width)), np.float64)


def _grid(height: int, width: int) -> NDArray[np.float64]:
    return np.stack(np.meshgrid(np.linspace(-1, 1, height), np.linspace(-1, 1, width), indexing="ij"))
