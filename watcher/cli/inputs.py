"""What a command reads: files, all files of folders, and standard input."""

import os
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from watcher.errors import Unreadable
from watcher.folders.contents import LARGEST_FILE
from watcher.folders.inbox import is_hidden
from watcher.text import name_as_text

STANDARD_INPUT = Path("-")
REASON = ".reason.txt"


@dataclass(frozen=True, slots=True)
class Input:
    """A name for people, and how to read the bytes; `read` raises OSError, Unreadable."""

    name: str
    read: Callable[[], bytes]


def inputs(paths: Sequence[Path], on_empty: Callable[[Path], object]) -> Iterator[Input]:
    """What these paths name, folders with all that lies below them; `-` is standard input.

    Hidden and unfinished files of a folder are left out, and the reasons next to failed files. `on_empty` is
    called with each folder that has no other. Raises OSError if a folder cannot be read.
    """
    for path in paths:
        if path == STANDARD_INPUT:
            yield Input("-", _standard_input)
        elif path.is_dir():
            files = list(_files_below(path))
            if not files:
                on_empty(path)
            for file in files:
                yield _file(file)
        else:
            yield _file(path)


def _files_below(folder: Path) -> Iterator[Path]:
    def refuse(error: OSError) -> None:
        raise error

    for place, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = sorted(name for name in folders if not is_hidden(name))
        there = set(names)
        for name in sorted(names):
            is_reason = name.endswith(REASON) and name.removesuffix(REASON) in there
            if not is_hidden(name) and not is_reason:
                yield Path(place, name)


def _file(path: Path) -> Input:
    return Input(name_as_text(str(path)), lambda: _contents(path))


def _standard_input() -> bytes:
    if sys.stdin is None:
        raise Unreadable("standard input is closed")
    return _short_enough(sys.stdin.buffer.read(LARGEST_FILE + 1))


def _contents(file: Path) -> bytes:
    with open(file, "rb", opener=_without_waiting) as opened:
        if not stat.S_ISREG(os.fstat(opened.fileno()).st_mode):
            raise Unreadable("it is not a regular file")
        return _short_enough(opened.read(LARGEST_FILE + 1))


def _short_enough(data: bytes) -> bytes:
    if len(data) > LARGEST_FILE:
        raise Unreadable(f"it is longer than {LARGEST_FILE:,} bytes")
    return data


def _without_waiting(path: str, flags: int) -> int:
    """Open a file without waiting, as a named pipe would for a writer."""
    return os.open(path, flags | os.O_NONBLOCK)
