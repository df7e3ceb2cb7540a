"""Whether a JPEG is complete, and how its pixels lie."""

import re
import struct
from collections.abc import Sequence
from typing import NamedTuple

from watcher.errors import Unreadable
from watcher.recognition.images.geometry import Geometry, exif_geometry

SIGNATURE = b"\xff\xd8\xff"
MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd7\xff]")  # markers with a length, and start and end
END_OF_IMAGE = 0xD9
START_OF_SCAN = 0xDA
JFIF, EXIF = 0xE0, 0xE1
FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
UNUSED = frozenset((*range(0xE1, 0xEE), 0xEF, 0xFE))  # comments, application data except JFIF's and Adobe's
MOST_SEGMENTS = 10_000
MOST_SCANS = 256


class Jpeg(NamedTuple):
    """A JPEG's `data` without the segments that no pixel depends on, and its `geometry`.

    `frames`: the contents of its frame headers; a correct JPEG has one. `is_tight`: there is nothing between
    the segments before its first scan.
    """

    data: bytes
    geometry: Geometry
    frames: Sequence[bytes]
    is_tight: bool


def checked_jpeg(data: bytes) -> Jpeg:
    """The parts of a JPEG that are needed.

    Raises Unreadable if its end marker is missing, or if it has more scans than any real progressive JPEG:
    each scan goes over all pixels. Data after the end marker is ignored; phones put further pictures there.
    """
    kept = [data[:2]]
    frames: list[bytes] = []
    geometry, density = Geometry(), None
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
            geometry = geometry if density is None else geometry._replace(density=density)
            return Jpeg(b"".join((*kept, data[at:])) if has_unused else data, geometry, frames, is_tight)
        scans += marker == START_OF_SCAN
        end = found.end() + int.from_bytes(data[found.end() : found.end() + 2])
        if scans > MOST_SCANS:
            break
        if marker in UNUSED:
            has_unused = True
            if marker == EXIF and data[start + 4 : start + 10] == b"Exif\0\0":
                geometry = exif_geometry(data[start + 10 : end])
        else:
            kept.append(data[at:end])
            if marker == JFIF and data[start + 4 : start + 9] == b"JFIF\0" and end - start >= 16:
                density = struct.unpack_from(">HH", data, start + 12)
            if marker in FRAMES:
                frames.append(data[start + 4 : end])
        at = end
    raise Unreadable("it is damaged: the JPEG has more parts than a picture needs")
