"""Removes the edges of printed boxes along a picture's border from its ink."""

import numpy as np
from numpy.typing import NDArray

DEPTH = 12  # rows and columns that the edge of a box may take
SHARE = 0.8  # if this much of a row or column is ink, it belongs to a box


def cut_boxes(masks: NDArray[np.uint8]) -> None:
    """Clear the rows and columns along the border of (n, h, w) masks that are nearly all ink (1)."""
    _, height, width = masks.shape
    rows = masks[:, :: height - 1].sum(axis=2, dtype=np.int32).max(axis=1)
    columns = masks[:, :, :: width - 1].sum(axis=1, dtype=np.int32).max(axis=1)
    for picture in ((rows >= SHARE * width) | (columns >= SHARE * height)).nonzero()[0]:
        _cut_box(masks[picture])


def _cut_box(mask: NDArray[np.uint8]) -> None:
    for lines in (mask, mask[::-1], mask.T, mask.T[::-1]):
        for line in lines[:DEPTH]:
            if np.count_nonzero(line) < SHARE * len(line):
                break
            line[:] = 0
