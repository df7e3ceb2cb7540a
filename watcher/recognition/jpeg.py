"""Whether a JPEG is whole, and which way up it is."""

import re
import struct

from watcher.errors import Unreadable

SIGNATURE = b"\xff\xd8\xff"
MARKER = re.compile(rb"\xff[^\x00\xff]")
WITHOUT_LENGTH = frozenset((0x01, *range(0xD0, 0xD8)))
END_OF_IMAGE = 0xD9
EXIF = 0xE1
SPARE = frozenset((*range(0xE1, 0xEE), 0xEF, 0xFE))  # all application data but JFIF's and Adobe's; comments
ORIENTATION = 0x0112


def checked_jpeg(data: bytes) -> tuple[bytes, int]:
    """The JPEG without the segments no pixel depends on, and its EXIF orientation (1 to 8).

    Raises Unreadable when it ends before its end mark.
    """
    kept = [data[:2]]
    orientation = 1
    spare = False
    at = 2
    while True:
        found = MARKER.search(data, at)
        if found is None:
            raise Unreadable("it is cut off: the end of the JPEG is missing")
        marker = data[found.end() - 1]
        start = found.start()
        if marker == END_OF_IMAGE:
            return (b"".join((*kept, data[at:])) if spare else data), orientation
        end = found.end()
        if marker not in WITHOUT_LENGTH:
            end += int.from_bytes(data[end : end + 2])
        if marker in SPARE:
            spare = True
            if marker == EXIF and data[start + 4 : start + 10] == b"Exif\0\0":
                orientation = exif_orientation(data[start + 10 : end])
        else:
            kept.append(data[at:end])
        at = end


def exif_orientation(exif: bytes) -> int:
    """The orientation a block of EXIF data tells, 1 (upright) where it tells none that makes sense."""
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
