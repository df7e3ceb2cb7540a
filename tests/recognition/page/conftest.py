"""Drawn digits on generated pages."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from watcher.pen.drawing import draw

Page = NDArray[np.uint8]
PAPER, INK = (244.0, 242.0, 238.0), (35.0, 35.0, 45.0)
LEVELS = 255


def ink_of(digit: int, index: int, size: int) -> NDArray[np.float32]:
    """How much ink covers each pixel of a drawn digit, 0 to 1, without margins; its longer side is `size`."""
    gray = cv2.cvtColor(draw(41, digit, index, 128), cv2.COLOR_RGB2GRAY).astype(np.float32)
    paper = float(np.median(gray))
    cover = np.abs(gray - paper) / np.abs(gray - paper).max()
    y, x = np.nonzero(cover > 0.3)
    tight = cover[y.min() : y.max() + 1, x.min() : x.max() + 1]
    scale = size / max(tight.shape)
    to = (max(1, round(tight.shape[1] * scale)), max(1, round(tight.shape[0] * scale)))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(tight, to, interpolation=way).clip(0, 1), np.float32)


def page_of(
    ink: NDArray[np.float32],
    size: tuple[int, int],
    at: tuple[int, int],
    *,
    paper: tuple[float, ...] = PAPER,
    color: tuple[float, ...] = INK,
    sheet: NDArray[np.float32] | None = None,
    light: NDArray[np.float32] | float = 1.0,
    grain: float = 2,
) -> Page:
    """A page (h, w, 3) with the ink at (left, top), in this light; `sheet` replaces the plain paper."""
    width, height = size
    left, top = at
    cover = np.zeros((height, width, 1), np.float32)
    cover[top : top + ink.shape[0], left : left + ink.shape[1], 0] = ink
    ground = np.full((height, width, 3), paper, np.float32) if sheet is None else sheet
    colors = ground * (1 - cover) + np.array(color, np.float32) * cover
    shade = light if isinstance(light, float) else light[..., None]
    noise = np.random.default_rng(5).normal(0, grain, (height, width, 1)).astype(np.float32)
    return np.asarray((colors * shade + noise).clip(0, LEVELS), np.uint8)


@pytest.fixture(scope="session")
def ink() -> Callable[..., NDArray[np.float32]]:
    return ink_of


@pytest.fixture(scope="session")
def page() -> Callable[..., Page]:
    return page_of
