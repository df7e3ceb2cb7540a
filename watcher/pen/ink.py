"""Ink on paper: from strokes to a picture."""

from collections.abc import Iterable
from io import BytesIO

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from watcher.pen.curve import arc_lengths
from watcher.pen.hand import Color
from watcher.pen.writing import Stroke

Picture = NDArray[np.uint8]
"""A color picture: (size, size, 3), red, green, blue."""

_FINER = 8  # strokes are drawn this many times larger, then averaged down
_SHIFT = 4  # bits of a coordinate's fraction for OpenCV: sixteenths


def ink_cover(strokes: Iterable[Stroke], size: int, *, blunt: bool) -> NDArray[np.float64]:
    """(size, size) how much of each pixel the ink covers, 0 to 1."""
    wide = size * _FINER
    sheet = np.zeros((wide, wide), np.uint8)
    for stroke in strokes:
        for center, radius in _nib_prints(stroke, blunt=blunt):
            x, y = (round(float(v) * wide * 2**_SHIFT) for v in center)
            cv2.circle(sheet, (x, y), round(radius * wide * 2**_SHIFT), 255, cv2.FILLED, cv2.LINE_8, _SHIFT)
        if blunt:
            for end in _square_ends(stroke):
                cv2.fillConvexPoly(
                    sheet, np.rint(end * wide * 2**_SHIFT).astype(np.int32), 255, cv2.LINE_8, _SHIFT
                )
    small = cv2.resize(sheet, (size, size), interpolation=cv2.INTER_AREA)
    return np.asarray(small / 255.0, np.float64)


def colored(coverage: NDArray[np.float64], ink: Color, paper: Color) -> Picture:
    """The picture (size, size, 3) of ink with this coverage (size, size) on paper."""
    share = coverage[..., None]
    return np.asarray(np.rint(share * np.array(ink) + (1 - share) * np.array(paper)), np.uint8)


def jpeg(picture: Picture) -> bytes:
    """The picture as a JPEG file."""
    file = BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=88, optimize=True)
    return file.getvalue()


def png(picture: Picture) -> bytes:
    """The picture as a PNG file."""
    file = BytesIO()
    Image.fromarray(picture).save(file, "PNG", optimize=True)
    return file.getvalue()


def _nib_prints(stroke: Stroke, *, blunt: bool) -> Iterable[tuple[NDArray[np.float64], float]]:
    """The round prints of the nib along a stroke; in a blunt one they keep half a nib from both ends."""
    far = arc_lengths(stroke.path)
    for center, radius, before in zip(stroke.path, stroke.radius, far, strict=True):
        if not blunt or radius <= before <= far[-1] - radius:
            yield center, float(radius)


def _square_ends(stroke: Stroke) -> Iterable[NDArray[np.float64]]:
    """The two rectangles, (4, 2) each, that end a blunt stroke square."""
    for path, radius in ((stroke.path, stroke.radius), (stroke.path[::-1], stroke.radius[::-1])):
        wide = float(radius[0])
        inside = path[min(int(np.searchsorted(np.hypot(*(path - path[0]).T), wide)), len(path) - 1)]
        way = (inside - path[0]) / max(float(np.hypot(*(inside - path[0]))), 1e-9)
        across = wide * np.array([-way[1], way[0]])
        yield np.stack([path[0] - across, path[0] + across, inside + across, inside - across])
