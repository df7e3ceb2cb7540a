"""The image distortion model: how unlike two pictures are when each pixel may move a little."""

import cv2
import numpy as np
from numpy.typing import NDArray

from watcher.recognition.directions import Array, gradients

WARP = 2  # pixels that a pixel of the picture may search to each side
RIM = WARP + 1  # and one more for the 3x3 window around it
BLOCK = 32  # references side by side, whose arrays fit into the processor's second-level cache
SPARE = 32  # blank columns at the end: there the processor's vectors may end, not within a picture


def image_distortion(picture: NDArray[np.uint8], references: NDArray[np.uint8]) -> Array:
    """(k,) float32 distortion of an (h, w) uint8 picture towards each of (k, h, w) references, 0 where equal.

    Every pixel of the picture seeks, at most two pixels away to each side, the place of the reference whose
    3x3 window of gradients is most like its own; their squared differences are added up (Keysers, Deselaers,
    Gollan and Ney, Deformation models for image recognition, IEEE PAMI 29, 2007).
    """
    blocks = [references[at : at + BLOCK] for at in range(0, len(references), BLOCK)]
    return np.concatenate([_distortion(picture, block) for block in blocks] or [np.empty(0, np.float32)])


def _distortion(picture: NDArray[np.uint8], references: NDArray[np.uint8]) -> Array:
    count, high, wide = references.shape
    cell = wide + 2 * RIM
    height, width = high + 2, count * cell + SPARE - 2 * WARP
    own = [_repeated(part, count)[WARP:-WARP, WARP:-WARP] for part in _side_by_side(picture[None])]
    theirs = _side_by_side(references)
    least = np.full((height, width), np.inf, np.float32)
    apart, other, summed = np.empty_like(least), np.empty_like(least), np.empty_like(least)
    for down in range(2 * WARP + 1):
        for along in range(2 * WARP + 1):
            moved = (slice(down, down + height), slice(along, along + width))
            cv2.subtract(own[0], theirs[0][moved], dst=apart)
            cv2.subtract(own[1], theirs[1][moved], dst=other)
            cv2.multiply(apart, apart, dst=apart)
            cv2.accumulateSquare(other, apart)
            cv2.boxFilter(apart, -1, (3, 3), dst=summed, normalize=False, borderType=cv2.BORDER_CONSTANT)
            cv2.min(least, summed, dst=least)
    # Columns of `least` begin WARP after those of the cells, RIM before the first picture's.
    inner = least[1:-1, 1 : 1 + count * cell].reshape(high, count, cell)[:, :, :wide]
    # Each reference's pixels in a row: so the order of adding, and the last bit, is always the same.
    return np.asarray(inner.transpose(1, 0, 2).reshape(count, -1).sum(axis=1), np.float32)


def _side_by_side(pictures: NDArray[np.uint8]) -> tuple[Array, Array]:
    """The gradients of (k, h, w) pictures in a row, every picture with a blank rim around it."""
    count, high, wide = pictures.shape
    row = np.zeros((high + 2 * RIM, count * (wide + 2 * RIM) + SPARE), np.float32)
    cells = row[:, : count * (wide + 2 * RIM)].reshape(high + 2 * RIM, count, wide + 2 * RIM)
    cells[RIM:-RIM, :, RIM:-RIM] = pictures.transpose(1, 0, 2)
    return gradients(row)


def _repeated(part: Array, count: int) -> Array:
    """A lone picture's gradients as often as there are references."""
    cell = part.shape[1] - SPARE
    return np.hstack([np.tile(part[:, :cell], count), part[:, cell:]])
