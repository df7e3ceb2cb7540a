"""The buffer: what is read of each file of a batch, in memory that outlives the process that wrote it.

The reader writes, the comparer takes the pictures from it, and the guard sees how far the reader came. There
are two, so that the reader writes on one while the comparer has the other.
"""

import mmap
import os
from collections.abc import Sequence
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from watcher.recognition.images.decode import SIDE

SLOTS = 64
"""How many files one buffer has room for."""
BUFFERS = 2
NONE_BEGUN = -1
PICTURE = SIDE * SIDE * 3


class State(IntEnum):
    """What became of a file; `STARVED` and `LOST` are not the file's fault for sure."""

    BLANK = 0
    READ = 1
    UNREADABLE = 2
    STARVED = 3
    LOST = 4


BEGUN = slice(0, 8)
STATES = slice(BEGUN.stop, BEGUN.stop + SLOTS)
LENGTHS = slice(STATES.stop, STATES.stop + 2 * SLOTS)
PICTURES = slice(LENGTHS.stop, LENGTHS.stop + PICTURE * SLOTS)
APART = -(-PICTURES.stop // mmap.ALLOCATIONGRANULARITY) * mmap.ALLOCATIONGRANULARITY
"""How many bytes one buffer begins after the other."""


def anonymous_memory() -> int:
    """A descriptor of memory for the buffers. Raises OSError."""
    descriptor = os.memfd_create("buffers", os.MFD_CLOEXEC)
    os.ftruncate(descriptor, BUFFERS * APART)
    return descriptor


def buffers_in(descriptor: int) -> "tuple[SharedBuffer, ...]":
    """The buffers in the memory that a descriptor stands for."""
    return tuple(SharedBuffer(descriptor, number) for number in range(BUFFERS))


class SharedBuffer:
    """One buffer; its `number` says which."""

    def __init__(self, descriptor: int, number: int) -> None:
        self.number = number
        self._memory = mmap.mmap(descriptor, APART, offset=number * APART)

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
        """What became of a file."""
        return State(self._memory[STATES.start + index])

    def indices(self, count: int, state: State) -> list[int]:
        """Which of the first so many files are in a state."""
        states = self._memory[STATES.start : STATES.start + count]
        return [index for index, found in enumerate(states) if found == state]

    def keep_picture(self, index: int, picture: NDArray[np.uint8]) -> None:
        """Keep the (64, 64, 3) picture that a file holds."""
        self._memory[_of(index, PICTURES, PICTURE)] = picture.tobytes()
        self._memory[STATES.start + index] = State.READ  # last, as it says that all else is there

    def keep_reason(self, index: int, state: State, reason: str) -> None:
        """Keep why there is no picture."""
        text = reason.encode()[:PICTURE]
        start = PICTURES.start + PICTURE * index
        self._memory[start : start + len(text)] = text
        self._memory[_of(index, LENGTHS, 2)] = len(text).to_bytes(2, "little")
        self._memory[STATES.start + index] = state

    def pictures(self, indices: Sequence[int]) -> NDArray[np.uint8]:
        """(n, 64, 64, 3): those pictures."""
        every = np.frombuffer(self._memory, np.uint8, PICTURE * SLOTS, PICTURES.start)
        return every.reshape(SLOTS, SIDE, SIDE, 3)[list(indices)]

    def reason(self, index: int) -> str:
        """Why there is no picture of a file."""
        length = int.from_bytes(self._memory[_of(index, LENGTHS, 2)], "little")
        start = PICTURES.start + PICTURE * index
        return self._memory[start : start + length].decode(errors="replace")

    def is_failure(self, index: int) -> bool:
        """Whether a child failed on a file, which need not be the file's fault."""
        return self.state(index) in {State.STARVED, State.LOST}

    def close(self) -> None:
        """Let go of the memory."""
        self._memory.close()


def _of(index: int, part: slice, size: int) -> slice:
    return slice(part.start + size * index, part.start + size * (index + 1))
