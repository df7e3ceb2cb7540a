"""Picture files with a few things changed, as nobody would."""

import random
import struct
import zlib
from collections.abc import Sequence

LONGEST = 1 << 16
INTERESTING = (
    *(0, 1, 2, 7, 8, 16, 32, 64, 127, 128, 255, 256),
    *(2**15 - 1, 2**15, 2**16 - 1, 2**16, 2**31 - 1, 2**31, 2**32 - 1),
)
PNG = b"\x89PNG\r\n\x1a\n"


def changed(chance: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """The file with a few things changed; of a PNG, mostly with its checksums set right."""
    new = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 2, 3, 6))):
        if not new:
            break
        chance.choice(CHANGES)(chance, new, others)
    if new.startswith(PNG) and chance.random() < 0.8:
        _set_checksums(new)
    return bytes(new[:LONGEST])


def _flip(chance: random.Random, data: bytearray, _others: Sequence[bytes]) -> None:
    data[_place(chance, data)] ^= 1 << chance.randrange(8)


def _set(chance: random.Random, data: bytearray, _others: Sequence[bytes]) -> None:
    data[_place(chance, data)] = chance.choice((0, 255, 0x7F, chance.randrange(256)))


def _number(chance: random.Random, data: bytearray, _others: Sequence[bytes]) -> None:
    form = chance.choice(("<H", ">H", "<I", ">I"))
    at, size = _place(chance, data), struct.calcsize(form)
    value = chance.choice(INTERESTING) & (256**size - 1)
    data[at : at + size] = struct.pack(form, value)


def _remove(chance: random.Random, data: bytearray, _others: Sequence[bytes]) -> None:
    at = _place(chance, data)
    del data[at : at + chance.randint(1, 64)]


def _repeat(chance: random.Random, data: bytearray, _others: Sequence[bytes]) -> None:
    at, length = _place(chance, data), chance.randint(1, 64)
    data[at:at] = data[at : at + length] * chance.choice((1, 2, 50))


def _cut(chance: random.Random, data: bytearray, _others: Sequence[bytes]) -> None:
    del data[_place(chance, data) :]


def _splice(chance: random.Random, data: bytearray, others: Sequence[bytes]) -> None:
    other = chance.choice(others)
    at, length = chance.randrange(len(other) + 1), chance.randint(1, 256)
    here = _place(chance, data)
    data[here : here + chance.choice((0, length))] = other[at : at + length]


CHANGES = (_flip, _flip, _set, _set, _number, _number, _remove, _repeat, _cut, _splice)


def _place(chance: random.Random, data: bytearray) -> int:
    """Somewhere, half of the times among the first bytes: what decoders decide on stands there."""
    return chance.randrange(min(len(data), chance.choice((128, LONGEST))))


def _set_checksums(data: bytearray) -> None:
    at = len(PNG)
    while at + 12 <= len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4])
        if end > len(data):
            break
        data[end - 4 : end] = zlib.crc32(data[at + 4 : end - 4]).to_bytes(4)
        at = end
