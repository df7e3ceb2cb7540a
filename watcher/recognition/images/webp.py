"""The size of a WebP, and whether it is complete, before its decoder allocates memory."""

from watcher.errors import Unreadable


def is_webp(data: bytes) -> bool:
    """Whether the bytes start as a WebP file does."""
    return data.startswith(b"RIFF") and data[8:12] == b"WEBP"


def webp_size(data: bytes) -> tuple[int, int]:
    """The width and height in a WebP's header.

    Raises Unreadable if the file is shorter than it says or its header is invalid.
    """
    if len(data) < 30 or len(data) < 8 + int.from_bytes(data[4:8], "little"):
        raise Unreadable("it is cut off: the end of the WebP is missing")
    kind = data[12:16]
    if kind == b"VP8X":
        return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
    if kind == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 ":
        return int.from_bytes(data[26:28], "little") & 0x3FFF, int.from_bytes(data[28:30], "little") & 0x3FFF
    raise Unreadable("it is damaged: the WebP's header makes no sense")
