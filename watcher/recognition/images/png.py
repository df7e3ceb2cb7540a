"""Whether a PNG is complete: Pillow fills missing rows with zeros and reports nothing."""

import struct
import zlib

from watcher.errors import Unreadable

SIGNATURE = b"\x89PNG\r\n\x1a\n"
NEEDED = frozenset((b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"eXIf"))
DENSITY = b"pHYs"  # needed if pixels are not square
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by color type
ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
PIECE = 1 << 18
MOST_CHUNKS = 100_000


def checked_png(data: bytes) -> bytes:
    """The PNG without the chunks that no pixel depends on (texts, profiles, further frames).

    Raises Unreadable if it ends before its end chunk, a checksum is wrong, or it is animated. Data after the
    end chunk is ignored.
    """
    kept = [SIGNATURE]
    has_unused = False
    at = len(SIGNATURE)
    view = memoryview(data)
    for _ in range(MOST_CHUNKS):
        if at + 12 > len(data):
            raise Unreadable("it is cut off: the end of the PNG is missing")
        length = int.from_bytes(view[at : at + 4])
        kind = data[at + 4 : at + 8]
        end = at + 12 + length
        if end > len(data):
            raise Unreadable("it is cut off: the end of the PNG is missing")
        if zlib.crc32(view[at + 4 : end - 4]) != int.from_bytes(view[end - 4 : end]):
            raise Unreadable("it is damaged: a checksum in the PNG is wrong")
        if kind == b"acTL" and int.from_bytes(view[at + 8 : at + 12]) > 1:
            raise Unreadable("it is animated, and one picture is wanted")
        if kind in NEEDED or (kind == DENSITY and view[at + 8 : at + 12] != view[at + 12 : at + 16]):
            kept.append(data[at:end])
        else:
            has_unused = True
        at = end
        if kind == b"IEND":
            return b"".join(kept) if has_unused else data
    raise Unreadable("it is damaged: the PNG has more parts than a picture needs")


def has_every_row(png: bytes) -> bool:
    """Whether the compressed pixels of a checked PNG fill all rows that its header announces."""
    width, height, depth, color_type, _, _, interlaced = struct.unpack_from(">IIBBBBB", png, 16)
    bits = depth * CHANNELS[color_type]
    wanted: int = sum(
        rows * (1 + -(-columns * bits // 8))
        for columns, rows in _passes(width, height, interlaced)
        if columns
    )
    inflate = zlib.decompressobj()
    found: int = 0
    for part in _pixel_data(png):
        found += len(inflate.decompress(part, PIECE))
        while inflate.unconsumed_tail and found < wanted:
            found += len(inflate.decompress(inflate.unconsumed_tail, PIECE))
    return found >= wanted


def is_interlaced(png: bytes) -> bool:
    """Whether a checked PNG holds its pixels in Adam7 order."""
    return png[28] != 0


def _passes(width: int, height: int, interlaced: int) -> list[tuple[int, int]]:
    if not interlaced:
        return [(width, height)]
    return [
        (max(0, -(-(width - left) // right)), max(0, -(-(height - top) // down)))
        for left, top, right, down in ADAM7
    ]


def _pixel_data(png: bytes) -> list[memoryview]:
    view = memoryview(png)
    parts = []
    at = len(SIGNATURE)
    while at < len(png):
        length = int.from_bytes(view[at : at + 4])
        if png[at + 4 : at + 8] == b"IDAT":
            parts.append(view[at + 8 : at + 8 + length])
        at += 12 + length
    return parts
