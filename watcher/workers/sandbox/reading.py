"""The reader's work: files become pictures in a buffer. If a file crashes a decoder, only the reader dies."""

import time
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path

import cv2

from watcher.errors import LacksMemory, Unreadable
from watcher.recognition.images.decode import read_page
from watcher.workers.sandbox.shared_buffer import SharedBuffer, State

Files = tuple[int, Sequence[tuple[int, bytes]]]
"""The number of a buffer, and files with their indices in it."""

DOT = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b55"
    "0000000a49444154789c63f80f0001010100b138f6140000000049454e44ae426082"
)
"""A PNG file of one white pixel."""


@lru_cache(maxsize=1)
def prepare(_model: Path) -> None:
    """Load what reading needs, and no more: the less a reader holds, the faster it is replaced."""
    cv2.setNumThreads(1)
    read_page(DOT)


def work(_model: Path, buffers: Sequence[SharedBuffer]) -> Callable[[Files], None]:
    """The function that a reader calls with each request."""

    def read(asked: Files) -> None:
        number, files = asked
        buffer = buffers[number]
        for index, file in files:
            buffer.begun = index
            began = time.monotonic()
            try:
                page = read_page(file)
                buffer.store_picture(index, page.picture, several=page.several)
            except LacksMemory as error:
                buffer.store_reason(index, State.OUT_OF_MEMORY, str(error))
            except Unreadable as error:
                buffer.store_reason(index, State.UNREADABLE, str(error))
            buffer.store_seconds(index, time.monotonic() - began)
        buffer.begun = None

    return read
