"""How far each pixel lies from its paper towards the ink, in any colors and any light."""

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

STROKE = 25  # pixels: ink is narrower than this in one direction, paper and shadow are wider
RIM = 2  # pixels: more would take a fat pen's stroke along the border for paper, less a shadow's edge for ink
NEIGHBOURHOOD = (31, 31)
DARKEST = 0.1  # of the ink's contrast: no shadow along the border is taken to be darker, as a stroke there is
FITS = 2


def ink_contrast(picture: NDArray[np.uint8]) -> Array:
    """Contrast to the paper of an (h, w, 3) uint8 RGB picture, (h, w) float32 in levels of 8-bit color.

    Paper gives values near 0 but none below; light ink on dark paper gives high values as dark ink on light
    paper does.
    """
    height, width = picture.shape[:2]
    smooth = cv2.GaussianBlur(picture, (3, 3), 0.7).astype(np.float32)
    shade: Array = (smooth.reshape(-1, 3) @ _main_contrast(smooth)).reshape(height, width)
    shade = _ink_above_paper(shade)
    # Opening takes away all that is as narrow as a stroke: what stays is the paper under the ink. The padding
    # lets it take a shadow that reaches the border for paper, but not a stroke that does.
    padded = cv2.copyMakeBorder(shade, RIM, RIM, RIM, RIM, cv2.BORDER_REPLICATE)
    opened = cv2.morphologyEx(padded, cv2.MORPH_OPEN, np.ones((STROKE, STROKE), np.uint8))
    opened = np.minimum(opened, np.float32(DARKEST) * shade.max())
    paper = cv2.GaussianBlur(opened, (15, 15), 0)[RIM:-RIM, RIM:-RIM]
    return np.asarray(np.maximum(shade - paper, 0), np.float32)


def _main_contrast(smooth: Array) -> Array:
    """(3,) the unit vector in RGB along which the picture's middle varies most."""
    centre = centre_weights(*smooth.shape[:2])[::2, ::2]
    apart = (smooth[::2, ::2] - cv2.blur(smooth, NEIGHBOURHOOD)[::2, ::2]).reshape(-1, 3)
    _, axes = np.linalg.eigh(apart.T @ (apart * centre.reshape(-1, 1)))
    return np.asarray(axes[:, -1], np.float32)


def _ink_above_paper(shade: Array) -> Array:
    """The shades above a plane through the paper, turned so that the ink, all on one side of it, is above."""
    full, weights = _plane(*shade.shape)
    basis = full[:, ::2, ::2].reshape(3, -1)
    some = shade[::2, ::2].reshape(-1)
    trust = weights
    for _ in range(FITS):
        trusted = basis * trust
        plane = np.linalg.solve(trusted @ basis.T, trusted @ some)
        apart = some - plane @ basis
        usual = 1.5 * np.partition(np.abs(apart), len(apart) // 2)[len(apart) // 2] + 1
        trust = weights / (1 + np.square(np.square(apart / usual)))
    centre = centre_weights(*shade.shape)[::2, ::2].reshape(-1)
    sign = 1 if (centre * apart * apart) @ apart >= 0 else -1
    above = shade - np.tensordot(plane, full, axes=1)
    return np.asarray(sign * above, np.float32)


@cache
def centre_weights(height: int, width: int) -> Array:
    """1 in the middle, falling with the distance from it to 0.05 in the corners."""
    return np.clip(1.2 - _radius(height, width), 0.05, 1).astype(np.float32)


@cache
def _plane(height: int, width: int) -> tuple[Array, Array]:
    """Constant, x and y, (3, h, w), and trust in paper, (n,), of every second pixel of every second row.

    Digits leave the corners free, and the outermost pixels may be the edge of a box.
    """
    y, x = _grid(height, width)
    trust = _radius(height, width) ** 2 + 0.05
    trust[:3] *= 0.2
    trust[-3:] *= 0.2
    trust[:, :3] *= 0.2
    trust[:, -3:] *= 0.2
    basis = np.stack([np.ones_like(x), x, y])
    return np.asarray(basis, np.float32), np.asarray(trust[::2, ::2].reshape(-1), np.float32)


def _radius(height: int, width: int) -> NDArray[np.float64]:
    return np.asarray(np.hypot(*_grid(height, width)), np.float64)


def _grid(height: int, width: int) -> NDArray[np.float64]:
    return np.stack(np.meshgrid(np.linspace(-1, 1, height), np.linspace(-1, 1, width), indexing="ij"))
