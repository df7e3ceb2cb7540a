"""How much each pixel of a page differs from its paper, in any colors and any light."""

import cv2
import numpy as np
from numpy.typing import NDArray

Colors = NDArray[np.uint8]
"""(h, w, 3) RGB."""

COARSE = 128  # cells along the longer side: paper changes slowly, or along the straight edge of a shadow
WINDOWS = (1.1, 0.55, 0.25, 0.12)  # of the longer side: in each such square, most of the cells are paper
NEIGHBORS = 3  # cells: across so many, the light may change from one side of a shadow's edge to the other


def paper_of(page: Colors, window: float) -> tuple[Colors, Colors]:
    """The least and the greatest values, (h', w', 3), that paper has around each cell of a page.

    The median of a large window leaves out the strokes, and keeps the straight edges of shadows in place.
    """
    height, width = page.shape[:2]
    scale = min(1.0, COARSE / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    coarse = cv2.resize(page, size, interpolation=cv2.INTER_AREA)
    side = int(window * max(size)) // 2 * 2 + 1
    pad = [min(side // 2, length - 1) for length in size]
    padded = cv2.copyMakeBorder(coarse, pad[1], pad[1], pad[0], pad[0], cv2.BORDER_REFLECT_101)
    usual = cv2.medianBlur(padded, max(3, side))[pad[1] : pad[1] + size[1], pad[0] : pad[0] + size[0]]
    around = np.ones((NEIGHBORS, NEIGHBORS), np.uint8)
    return np.asarray(cv2.erode(usual, around), np.uint8), np.asarray(cv2.dilate(usual, around), np.uint8)


def enlarged(paper: tuple[Colors, Colors], size: tuple[int, int]) -> tuple[Colors, Colors]:
    """The values of the paper at each pixel of a page of this width and height."""
    low, high = (np.asarray(cv2.resize(one, size, interpolation=cv2.INTER_LINEAR), np.uint8) for one in paper)
    return low, high


def darker(darkest: Colors, paper: tuple[Colors, Colors]) -> NDArray[np.uint8]:
    """(h, w) how far the darkest values are below the paper, in the color that differs most."""
    return _greatest(np.asarray(cv2.subtract(paper[0], darkest), np.uint8))


def lighter(lightest: Colors, paper: tuple[Colors, Colors]) -> NDArray[np.uint8]:
    """(h, w) how far the lightest values around each pixel are above the paper."""
    return _greatest(np.asarray(cv2.subtract(lightest, paper[1]), np.uint8))


def _greatest(apart: Colors) -> NDArray[np.uint8]:
    red, green, blue = cv2.split(apart)
    return np.asarray(cv2.max(cv2.max(red, green), blue), np.uint8)
