"""Whether a TIFF holds one picture of sound measures, told from its directories before it is decoded."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass

from watcher.errors import Unreadable

SIGNATURES = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
SUBFILE, SAMPLES, TILE_WIDTH, TILE_LENGTH = 254, 277, 322, 323
WHOLE = {1: "B", 3: "H", 4: "I", 16: "Q"}
"""The types that whole numbers come in."""
MOST_SAMPLES = 6
THUMBNAIL_OR_MASK = 1 | 4
NUMBERS = frozenset((3, 4, 5, 8, 9, 10, 11, 12, 13, 16, 17, 18))  # types of entries that are no bytes
MOST_DIRECTORIES = 100
MOST_ENTRIES = 1000
MOST_NUMBERS = 1_000_000
MAKES_NO_SENSE = "it is damaged: the TIFF's directory makes no sense"


@dataclass(frozen=True, slots=True)
class _Form:
    """How numbers are written: classic TIFF or BigTIFF, in either byte order."""

    first: str
    count: str
    entry: str
    offset: str

    @property
    def inline(self) -> int:
        return struct.calcsize(self.offset)


def check_tiff(data: bytes, most_pixels: int) -> None:
    """Pass a TIFF of one page, thumbnails and masks not counted.

    Raises Unreadable for one of several, and for one whose directory would have its reader take the memory of
    more than so many pixels, or more numbers than a picture needs.
    """
    try:
        pages = _pages(data, most_pixels)
    except struct.error as error:
        raise Unreadable("it is cut off: the TIFF's directory is missing") from error
    if pages > 1:
        raise Unreadable("it holds several pages, and one picture is wanted")


def _pages(data: bytes, most_pixels: int) -> int:
    form = _form(data)
    (at,) = struct.unpack_from(form.offset, data, 8 if form.inline == 8 else 4)
    seen: set[int] = set()
    pages = 0
    while at and at not in seen and pages < 2:
        if len(seen) == MOST_DIRECTORIES:
            raise Unreadable(MAKES_NO_SENSE)
        seen.add(at)
        tags, at = _directory(data, at, form)
        if (
            tags.get(TILE_WIDTH, 1) * tags.get(TILE_LENGTH, 1) > most_pixels
            or tags.get(SAMPLES, 1) > MOST_SAMPLES
        ):
            raise Unreadable(MAKES_NO_SENSE)
        pages += not tags.get(SUBFILE, 0) & THUMBNAIL_OR_MASK
    return pages


def _form(data: bytes) -> _Form:
    order = "<" if data.startswith(b"II") else ">"
    if data[2:4] in {b"+\0", b"\0+"}:
        return _Form(order + "Q", order + "Q", order + "HHQ", order + "Q")
    return _Form(order + "I", order + "H", order + "HHI", order + "I")


def _directory(data: bytes, at: int, form: _Form) -> tuple[Mapping[int, int], int]:
    """What a directory says of the tags that count here, and where the next directory is."""
    (count,) = struct.unpack_from(form.count, data, at)
    if count > MOST_ENTRIES:
        raise Unreadable(MAKES_NO_SENSE)
    at += struct.calcsize(form.count)
    numbers = {}
    for _ in range(count):
        tag, kind, length = struct.unpack_from(form.entry, data, at)
        at += struct.calcsize(form.entry)
        if kind in NUMBERS and length > MOST_NUMBERS:
            raise Unreadable(MAKES_NO_SENSE)
        if tag in {SUBFILE, SAMPLES, TILE_WIDTH, TILE_LENGTH}:
            number = form.offset[0] + WHOLE.get(kind, "")
            if tag in numbers or length != 1 or not 0 < struct.calcsize(number) <= form.inline:
                raise Unreadable(MAKES_NO_SENSE)
            (numbers[tag],) = struct.unpack_from(number, data, at)
        at += form.inline
    (following,) = struct.unpack_from(form.offset, data, at)
    return numbers, following
