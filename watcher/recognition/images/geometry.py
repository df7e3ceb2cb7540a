"""How a file's pixels lie: its orientation, and the shape of a pixel."""

import struct
from typing import NamedTuple

from PIL import Image

ORIENTATION, ACROSS, DOWN = 0x0112, 0x011A, 0x011B
RATIONAL = 5
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
SQUARE = 1.02  # pixels are square if one side is at most this many times the other
FLATTEST = 4.0  # a file that says that one side is more times the other is not believed
LARGE = 1000  # pixels: a picture whose longer side is at least this is made smaller, others larger


class Geometry(NamedTuple):
    """An EXIF `orientation`, 1 to 8, and the pixels to an inch down and across."""

    orientation: int = 1
    density: tuple[float, float] | None = None


def exif_geometry(exif: bytes) -> Geometry:
    """What a block of EXIF data says; upright and nothing more if it is not valid."""
    order = {b"II": "<", b"MM": ">"}.get(exif[:2])
    if order is None:
        return Geometry()
    orientation, densities = 1, {}
    try:
        (at,) = struct.unpack_from(order + "I", exif, 4)
        (entries,) = struct.unpack_from(order + "H", exif, at)
        for entry in range(entries):
            tag, kind, count, place = struct.unpack_from(order + "HHII", exif, at + 2 + 12 * entry)
            if tag == ORIENTATION and kind == 3:
                (value,) = struct.unpack_from(order + "H", exif, at + 10 + 12 * entry)
                orientation = value if 1 <= value <= 8 else orientation
            elif tag in {ACROSS, DOWN} and kind == RATIONAL and count == 1:
                over, under = struct.unpack_from(order + "II", exif, place)
                densities[tag] = over / under if under else 0.0
    except struct.error:
        pass
    across, down = densities.get(ACROSS, 0.0), densities.get(DOWN, 0.0)
    return Geometry(orientation, (across, down) if across and down else None)


def header_density(image: Image.Image) -> tuple[float, float] | None:
    """The pixels to any length, across and down, in a picture's own header; None if it says nothing."""
    for name in ("dpi", "aspect"):
        found = image.info.get(name)
        if isinstance(found, tuple) and len(found) == 2:
            try:
                return float(found[0]), float(found[1])
            except (TypeError, ValueError, ZeroDivisionError):
                continue
    return None


def gif_density(gif: bytes) -> tuple[float, float] | None:
    """What the header of a GIF says: a pixel's width is (n + 15) / 64 of its height."""
    return (64.0, gif[12] + 15.0) if len(gif) > 12 and gif[12] else None


def upright(image: Image.Image, geometry: Geometry) -> Image.Image:
    """The picture with square pixels, the right way up."""
    image = _with_square_pixels(image, geometry.density)
    turn = UPRIGHT.get(geometry.orientation)
    return image if turn is None else image.transpose(turn)


def _with_square_pixels(image: Image.Image, density: tuple[float, float] | None) -> Image.Image:
    if density is None or min(density) <= 0:
        return image
    ratio = density[0] / density[1]  # how many times as high as wide a pixel is
    if not SQUARE < max(ratio, 1 / ratio) <= FLATTEST:
        return image
    width, height = image.size
    if (ratio > 1) == (max(image.size) >= LARGE):
        size = (max(1, round(width / ratio)), height)
    else:
        size = (width, max(1, round(height * ratio)))
    return image.resize(size, Image.Resampling.BICUBIC)
