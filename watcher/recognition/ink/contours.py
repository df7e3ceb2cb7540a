"""The sharpness of connected regions: how steep the contrast is along their outlines."""

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from watcher.recognition.ink.background import Array

# Sobel's filter to the right and down, for the eight neighbors of a pixel, row by row.
SOBEL = np.array([[-1, 0, 1, -2, 2, -1, 0, 1], [-1, -2, -1, 0, 0, 1, 2, 1]], np.float32).T / 8


def mean_slopes(
    tall: NDArray[np.uint8], labels: NDArray[np.uint16], contrasts: Array, total: int
) -> NDArray[np.float64]:
    """(total,) the mean slope along each region's outline, in levels per pixel.

    `tall` (n, h + 1, w): 1 on the regions; the last row of each picture is overwritten. `labels` (n·h·w,):
    the number of each pixel's region. `contrasts` (n, h, w).
    """
    _, height, width = contrasts.shape
    tall[:, -1] = 1  # a stroke does not end at the border of a picture
    eroded = cv2.erode(tall.reshape(-1, width), np.ones((3, 3), np.uint8), borderValue=1)
    edges = tall[:, :-1] != np.asarray(eroded).reshape(tall.shape)[:, :-1]
    outline = edges.reshape(-1).nonzero()[0]
    pixels = outline % (height * width)
    neighbors = _neighbors(height, width).take(pixels, axis=0) + (outline - pixels)[:, None]
    slopes = contrasts.reshape(-1)[neighbors] @ SOBEL
    outlined = labels.take(outline).astype(np.intp)
    steep = np.bincount(outlined, np.sqrt(np.square(slopes).sum(axis=1)), total)
    return np.asarray(steep / np.maximum(np.bincount(outlined, minlength=total), 1), np.float64)


@cache
def _neighbors(height: int, width: int) -> NDArray[np.intp]:
    """(h·w, 8) the eight neighbors of each pixel, row by row; mirrored at the border."""
    rows, columns = np.indices((height, width))
    steps = [(down, along) for down in (-1, 0, 1) for along in (-1, 0, 1) if down or along]
    mirrored = [
        (_mirrored(rows + down, height - 1), _mirrored(columns + along, width - 1)) for down, along in steps
    ]
    return np.stack([(down * width + along).reshape(-1) for down, along in mirrored], axis=1)


def _mirrored(places: NDArray[np.intp], last: int) -> NDArray[np.intp]:
    return np.asarray(last - np.abs(last - np.abs(places)), np.intp)
