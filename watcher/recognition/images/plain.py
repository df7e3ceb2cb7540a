"""A fast path for the PNG and the JPEG that most scanners write."""

import struct

from PIL import Image

from watcher.recognition.images.jpeg import Jpeg

PIXELS = 33  # bytes before the second chunk of a PNG
MODES = {0: "L", 2: "RGB"}  # by a PNG's color type
MODES_BY_COMPONENTS = {1: "L", 3: "RGB"}  # of a JPEG


def plain_png(png: bytes, side: int) -> Image.Image | None:
    """The picture of a checked, non-interlaced PNG of `side` by `side` gray or RGB pixels of 8 bits.

    None for any other PNG: of another size or kind, with a palette, transparency or an orientation, or not
    complete. Those need more care.
    """
    width, height, depth, color_type, _, _, interlaced = struct.unpack_from(">IIBBBBB", png, 16)
    if (width, height, depth, interlaced) != (side, side, 8, 0) or color_type not in MODES:
        return None
    parts = []
    at = PIXELS
    while png[at + 4 : at + 8] == b"IDAT":
        length = int.from_bytes(png[at : at + 4])
        parts.append(png[at + 8 : at + 8 + length])
        at += 12 + length
    if png[at + 4 : at + 8] != b"IEND":
        return None
    mode = MODES[color_type]
    try:
        return Image.frombytes(mode, (side, side), b"".join(parts), "zip", mode)
    except ValueError:
        return None


def plain_jpeg(jpeg: Jpeg, side: int) -> Image.Image | None:
    """The picture of a JPEG of `side` by `side` pixels with one or three components, not rotated.

    None for any other JPEG, and if it is not complete or has something between its segments.
    """
    if not jpeg.is_tight or len(jpeg.frames) != 1 or len(jpeg.frames[0]) < 6:
        return None
    depth, height, width, components = struct.unpack_from(">BHHB", jpeg.frames[0])
    if (depth, height, width) != (8, side, side) or components not in MODES_BY_COMPONENTS:
        return None
    mode = MODES_BY_COMPONENTS[components]
    try:
        return Image.frombytes(mode, (side, side), jpeg.data, "jpeg", mode, "")
    except ValueError:
        return None
