"""Whether a JPEG is complete, and its orientation."""

import re
import struct
from collections.abc import Sequence
from typing import NamedTuple

from watcher.errors import Unreadable

SIGNATURE = b"\xff\xd8\xff"
MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd7\xff]")  # markers with a length, and start and end
END_OF_IMAGE = 0xD9
START_OF_SCAN = 0xDA
EXIF = 0xE1
FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
UNUSED = frozenset((*range(0xE1, 0xEE), 0xEF, 0xFE))  # comments, application data except JFIF's and Adobe's
ORIENTATION = 0x0112
MOST_SEGMENTS = 10_000
MOST_SCANS = 256


class Jpeg(NamedTuple):
    """A JPEG's `data` without the segments that no pixel depends on, and its EXIF `orientation`, 1 to 8.

    `frames`: the contents of its frame headers; a correct JPEG has one. `is_tight`: there is nothing between
    the segments before its first scan.
    """

    data: bytes
    orientation: int
    frames: Sequence[bytes]
    is_tight: bool


def checked_jpeg(data: bytes) -> Jpeg:
    """The parts of a JPEG that are needed.

    Raises Unreadable if its end marker is missing, or if it has more scans than any real progressive JPEG:
    each scan goes over all pixels. Data after the end marker is ignored; phones put further pictures there.
    """
    kept = [data[:2]]
    frames: list[bytes] = []
    orientation = 1
    has_unused, is_tight = False, True
    scans = 0
    at = 2
    for _ in range(MOST_SEGMENTS):
        found = MARKER.search(data, at)
        if found is None:
            raise Unreadable("it is cut off: the end of the JPEG is missing")
        marker = data[found.end() - 1]
        start = found.start()
        is_tight &= scans > 0 or start == at
        if marker == END_OF_IMAGE:
            return Jpeg(b"".join((*kept, data[at:])) if has_unused else data, orientation, frames, is_tight)
        scans += marker == START_OF_SCAN
        end = found.end() + int.from_bytes(data[found.end() : found.end() + 2])
        if scans > MOST_SCANS:
            break
        if marker in UNUSED:
            has_unused = True
            if marker == EXIF and data[start + 4 : start + 10] == b"Exif\0\0":
                orientation = exif_orientation(data[start + 10 : end])
        else:
            kept.append(data[at:end])
            if marker in FRAMES:
                frames.append(data[start + 4 : end])
        at = end
    raise Unreadable("it is damaged: the JPEG has more parts than a picture needs")


def exif_orientation(exif: bytes) -> int:
    """The orientation in a block of EXIF data; 1 (upright) if there is no valid one."""
    order = {b"II": "<", b"MM": ">"}.get(exif[:2])
    if order is None:
        return 1
    try:
        (at,) = struct.unpack_from(order + "I", exif, 4)
        (entries,) = struct.unpack_from(order + "H", exif, at)
        for entry in range(entries):
            tag, kind, _, value = struct.unpack_from(order + "HHIH", exif, at + 2 + 12 * entry)
            if tag == ORIENTATION and kind == 3 and 1 <= value <= 8:
                return int(value)
    except struct.error:
        pass
    return 1
