"""A contact sheet: many pictures in one."""

from collections.abc import Sequence

import numpy as np

from watcher.pen.ink import Picture


def contact_sheet(rows: Sequence[Sequence[Picture]]) -> Picture:
    """The rows of pictures from top to bottom; short rows are filled with white.

    All pictures must be square and of one size.
    """
    size = len(rows[0][0])
    columns = max(len(row) for row in rows)
    sheet = np.full((size * len(rows), size * columns, 3), 255, np.uint8)
    for y, row in enumerate(rows):
        for x, picture in enumerate(row):
            sheet[y * size : (y + 1) * size, x * size : (x + 1) * size] = picture
    return sheet
