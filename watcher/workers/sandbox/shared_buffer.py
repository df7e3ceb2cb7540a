"""Shared buffers: the pictures of a batch, in memory that outlives the process that wrote it.

The reader writes, the comparer reads the pictures, and the guard sees how far the reader got. There are two
buffers, so that the reader can write into one while the comparer uses the other.
"""

import mmap
import os
import struct
from collections.abc import Sequence
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from watcher.recognition.images.decode import SIDE

SLOTS = 64
"""The most files in one buffer."""
BUFFERS = 2
NONE_BEGUN = -1
PICTURE = SIDE * SIDE * 3


class State(IntEnum):
    """What happened to a file. `SEVERAL`: it is read, and there seem to be several digits on it.

    `OUT_OF_MEMORY` and `LOST` may not be the file's fault.
    """

    BLANK = 0
    READ = 1
    UNREADABLE = 2
    OUT_OF_MEMORY = 3
    LOST = 4
    SEVERAL = 5


BEGUN = slice(0, 8)
STATES = slice(BEGUN.stop, BEGUN.stop + SLOTS)
LENGTHS = slice(STATES.stop, STATES.stop + 2 * SLOTS)
SECONDS = slice(LENGTHS.stop, LENGTHS.stop + 8 * SLOTS)
PICTURES = slice(SECONDS.stop, SECONDS.stop + PICTURE * SLOTS)
STRIDE = -(-PICTURES.stop // mmap.ALLOCATIONGRANULARITY) * mmap.ALLOCATIONGRANULARITY
"""Bytes from the start of one buffer to the start of the next."""


def anonymous_memory() -> int:
    """A descriptor of memory for the buffers. Raises OSError."""
    descriptor = os.memfd_create("buffers", os.MFD_CLOEXEC)
    os.ftruncate(descriptor, BUFFERS * STRIDE)
    return descriptor


def buffers_in(descriptor: int) -> "tuple[SharedBuffer, ...]":
    """The buffers in the memory with this descriptor."""
    return tuple(SharedBuffer(descriptor, number) for number in range(BUFFERS))


class SharedBuffer:
    """One buffer; `number` is its index."""

    def __init__(self, descriptor: int, number: int) -> None:
        self.number = number
        self._memory = mmap.mmap(descriptor, STRIDE, offset=number * STRIDE)

    def clear(self) -> None:
        """Forget the last batch."""
        self._memory[: PICTURES.start] = bytes(PICTURES.start)
        self.begun = None

    @property
    def begun(self) -> int | None:
        """The index of the file that is being read; None between batches."""
        index = int.from_bytes(self._memory[BEGUN], "little", signed=True)
        return None if index == NONE_BEGUN else index

    @begun.setter
    def begun(self, index: int | None) -> None:
        self._memory[BEGUN] = (NONE_BEGUN if index is None else index).to_bytes(8, "little", signed=True)

    def state(self, index: int) -> State:
        """What happened to a file."""
        return State(self._memory[STATES.start + index])

    def indices(self, count: int, state: State) -> list[int]:
        """The indices, below `count`, of the files in this state."""
        states = self._memory[STATES.start : STATES.start + count]
        return [index for index, found in enumerate(states) if found == state]

    def store_picture(self, index: int, picture: NDArray[np.uint8], *, several: bool = False) -> None:
        """Store a file's (64, 64, 3) picture, and whether there seem to be several digits on it."""
        self._memory[_of(index, PICTURES, PICTURE)] = picture.tobytes()
        # Last: it says that the picture is complete.
        self._memory[STATES.start + index] = State.SEVERAL if several else State.READ

    def store_reason(self, index: int, state: State, reason: str) -> None:
        """Store why a file has no picture."""
        text = reason.encode()[:PICTURE]
        start = PICTURES.start + PICTURE * index
        self._memory[start : start + len(text)] = text
        self._memory[_of(index, LENGTHS, 2)] = len(text).to_bytes(2, "little")
        self._memory[STATES.start + index] = state

    def pictures(self, indices: Sequence[int]) -> NDArray[np.uint8]:
        """(n, 64, 64, 3) the pictures with these indices."""
        every = np.frombuffer(self._memory, np.uint8, PICTURE * SLOTS, PICTURES.start)
        return every.reshape(SLOTS, SIDE, SIDE, 3)[list(indices)]

    def reason(self, index: int) -> str:
        """Why a file has no picture."""
        length = int.from_bytes(self._memory[_of(index, LENGTHS, 2)], "little")
        start = PICTURES.start + PICTURE * index
        return self._memory[start : start + length].decode(errors="replace")

    def is_failure(self, index: int) -> bool:
        """Whether a child failed on a file. That may not be the file's fault."""
        return self.state(index) in {State.OUT_OF_MEMORY, State.LOST}

    def seconds(self, index: int) -> float:
        """How long reading a file took, whatever came of it."""
        (seconds,) = struct.unpack("<d", self._memory[_of(index, SECONDS, 8)])
        return float(seconds)

    def store_seconds(self, index: int, seconds: float) -> None:
        """Store how long reading a file took."""
        self._memory[_of(index, SECONDS, 8)] = struct.pack("<d", seconds)

    def close(self) -> None:
        """Unmap the memory."""
        self._memory.close()


def _of(index: int, part: slice, size: int) -> slice:
    return slice(part.start + size * index, part.start + size * (index + 1))
