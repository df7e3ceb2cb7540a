"""The image distortion model: how different two pictures are when each pixel may move a little.

All pictures are laid out in one line of 16-bit numbers, row after row, with blank pixels between rows and
between pictures. So a shift in any direction is the same step along the line for all pixels of all pictures,
and each operation is one pass over the line.
"""

import numpy as np
from numpy.typing import NDArray

Line = NDArray[np.int16]

WARP = 2  # pixels that a pixel may move to each side
GAP = 2 * WARP  # blank pixels between rows, and blank rows between pictures: room for slopes and shifts
BLOCK = 64  # pairs compared at once; their lines fit into the processor's second-level cache
LEVELS, SHIFT = 21, 9  # slopes of up to 1020 become up to 42: half of a window's difference fits into 16 bits
STEEPEST = 1020 * LEVELS / 2**SHIFT


def image_distortion(pictures: NDArray[np.uint8], references: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(k,) float32 distortion of (k, h, w) uint8 pictures, each towards its reference; 0 if equal.

    One picture alone, (h, w), is compared with all k references.

    With the Sobel gradient g of a picture and r of its reference, the distortion is the sum over all pixels x
    of min over d of Σ over u of ‖g(x+u) - r(x+d+u)‖². The shift d goes up to two pixels to each side, and u
    over a 3x3 window (Keysers, Deselaers, Gollan and Ney, "Deformation models for image recognition", IEEE
    PAMI 29(8), 2007). A gradient of 1 is the steepest there is, rounded to 42 levels.
    """
    pairs = np.broadcast_to(pictures, references.shape)
    blocks = [slice(at, at + BLOCK) for at in range(0, len(references), BLOCK)]
    found = [_distortion(pairs[block], references[block]) for block in blocks]
    return np.concatenate(found or [np.empty(0, np.float32)])


def _distortion(pictures: NDArray[np.uint8], references: NDArray[np.uint8]) -> NDArray[np.float32]:
    count, high, wide = references.shape
    row, cell = wide + GAP, (high + GAP) * (wide + GAP)
    length, reach = count * cell, WARP * (row + 1)
    own = [line[reach:-reach] for line in _slopes(pictures)]
    theirs = _slopes(references)
    # A window's squared difference is the own squares plus theirs, less twice the products. Here it is half
    # of that, the own squares rounded down and theirs up: equal windows give 0, and none gives less.
    own_squares = _windows(own[0] * own[0] + own[1] * own[1], row) >> 1
    their_squares = (_windows(theirs[0] * theirs[0] + theirs[1] * theirs[1], row) + 1) >> 1

    least = np.full(length, np.iinfo(np.int16).max, np.int16)
    products, others = np.empty_like(own[0]), np.empty_like(own[0])
    lines, differences = np.empty(len(products) - 2 * row, np.int16), np.empty_like(least)
    for down in range(-WARP, WARP + 1):
        for along in range(-WARP, WARP + 1):
            at = reach + down * row + along
            np.multiply(own[0], theirs[0][at : at + len(products)], out=products)
            np.multiply(own[1], theirs[1][at : at + len(products)], out=others)
            products += others
            _windows(products, row, lines, differences)
            np.subtract(their_squares[at : at + length], differences, out=differences)
            np.minimum(least, differences, out=least)
    least += own_squares
    inner = least.reshape(count, high + GAP, row)[:, :high, :wide].reshape(count, -1)
    return np.asarray(inner.sum(axis=1) * (2 / STEEPEST**2), np.float32)


def _slopes(pictures: NDArray[np.uint8]) -> tuple[Line, Line]:
    """The slopes to the right and down of (k, h, w) pictures in a line, with room for shifts at both ends."""
    count, high, wide = pictures.shape
    row, cell = wide + GAP, (high + GAP) * (wide + GAP)
    ends = (WARP + 2) * (row + 1)
    line = np.zeros(count * cell + 2 * ends, np.int16)
    line[ends:-ends].reshape(count, high + GAP, row)[:, :high, :wide] = pictures
    smooth = line[: -2 * row] + line[2 * row :] + 2 * line[row:-row]
    right = smooth[2:] - smooth[:-2]
    smooth = line[:-2] + line[2:] + 2 * line[1:-1]
    down = smooth[2 * row :] - smooth[: -2 * row]
    return _levels(right), _levels(down)


def _levels(slopes: Line) -> Line:
    slopes *= LEVELS
    slopes += 1 << (SHIFT - 1)
    slopes >>= SHIFT
    return slopes


def _windows(line: Line, row: int, lines: Line | None = None, sums: Line | None = None) -> Line:
    """The sum of each 3x3 window that lies wholly on a line; written into `sums` if given."""
    lines = np.add(line[: -2 * row], line[row:-row], out=lines)
    lines += line[2 * row :]
    sums = np.add(lines[:-2], lines[1:-1], out=sums)
    sums += lines[2:]
    return sums
