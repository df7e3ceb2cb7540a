"""Checks a TIFF's directories before it is decoded: one picture, of reasonable size."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass

from watcher.errors import Unreadable

SIGNATURES = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
SUBFILE, SAMPLES, TILE_WIDTH, TILE_LENGTH = 254, 277, 322, 323
INTEGERS = {1: "B", 3: "H", 4: "I", 16: "Q"}
"""The types of integers, as `struct` formats."""
MOST_SAMPLES = 6
THUMBNAIL_OR_MASK = 1 | 4
NUMBERS = frozenset((3, 4, 5, 8, 9, 10, 11, 12, 13, 16, 17, 18))  # types of entries that are not bytes
MOST_DIRECTORIES = 100
MOST_ENTRIES = 1000
MOST_NUMBERS = 1_000_000
MAKES_NO_SENSE = "it is damaged: the TIFF's directory makes no sense"


@dataclass(frozen=True, slots=True)
class _Layout:
    """The `struct` formats of classic TIFF or BigTIFF, in either byte order."""

    first: str
    count: str
    entry: str
    offset: str

    @property
    def inline(self) -> int:
        return struct.calcsize(self.offset)


def check_tiff(data: bytes, most_pixels: int) -> None:
    """Accept a TIFF of one page; thumbnails and masks do not count.

    Raises Unreadable for several pages, and if a directory would make the decoder allocate more than
    `most_pixels` pixels, or more numbers than a picture needs.
    """
    try:
        pages = _pages(data, most_pixels)
    except struct.error as error:
        raise Unreadable("it is cut off: the TIFF's directory is missing") from error
    if pages > 1:
        raise Unreadable("it holds several pages, and one picture is wanted")


def _pages(data: bytes, most_pixels: int) -> int:
    layout = _layout(data)
    (at,) = struct.unpack_from(layout.offset, data, 8 if layout.inline == 8 else 4)
    seen: set[int] = set()
    pages = 0
    while at and at not in seen and pages < 2:
        if len(seen) == MOST_DIRECTORIES:
            raise Unreadable(MAKES_NO_SENSE)
        seen.add(at)
        tags, at = _directory(data, at, layout)
        if (
            tags.get(TILE_WIDTH, 1) * tags.get(TILE_LENGTH, 1) > most_pixels
            or tags.get(SAMPLES, 1) > MOST_SAMPLES
        ):
            raise Unreadable(MAKES_NO_SENSE)
        pages += not tags.get(SUBFILE, 0) & THUMBNAIL_OR_MASK
    return pages


def _layout(data: bytes) -> _Layout:
    order = "<" if data.startswith(b"II") else ">"
    if data[2:4] in {b"+\0", b"\0+"}:
        return _Layout(order + "Q", order + "Q", order + "HHQ", order + "Q")
    return _Layout(order + "I", order + "H", order + "HHI", order + "I")


def _directory(data: bytes, at: int, layout: _Layout) -> tuple[Mapping[int, int], int]:
    """The values of a directory's tags that matter here, and the offset of the next directory."""
    (count,) = struct.unpack_from(layout.count, data, at)
    if count > MOST_ENTRIES:
        raise Unreadable(MAKES_NO_SENSE)
    at += struct.calcsize(layout.count)
    numbers = {}
    for _ in range(count):
        tag, kind, length = struct.unpack_from(layout.entry, data, at)
        at += struct.calcsize(layout.entry)
        if kind in NUMBERS and length > MOST_NUMBERS:
            raise Unreadable(MAKES_NO_SENSE)
        if tag in {SUBFILE, SAMPLES, TILE_WIDTH, TILE_LENGTH}:
            number = layout.offset[0] + INTEGERS.get(kind, "")
            if tag in numbers or length != 1 or not 0 < struct.calcsize(number) <= layout.inline:
                raise Unreadable(MAKES_NO_SENSE)
            (numbers[tag],) = struct.unpack_from(number, data, at)
        at += layout.inline
    (following,) = struct.unpack_from(layout.offset, data, at)
    return numbers, following
