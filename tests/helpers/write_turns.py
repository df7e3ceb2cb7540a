"""Notes when a process gets the turn to write a database and when it gives it up."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

from watcher.store.sqlite.write_lock import WriteLock

held = WriteLock.held


def noting(file: Path) -> object:
    """A `WriteLock.held` that appends a line to a file at the beginning and at the end of each turn."""
    notes = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    @contextmanager
    def noted(lock: WriteLock) -> Iterator[None]:
        with held(lock):
            os.write(notes, f"{os.getpid()} begins\n".encode())
            try:
                yield
            finally:
                os.write(notes, f"{os.getpid()} ends\n".encode())

    return noted


def turns(file: Path) -> list[str]:
    """The process of each turn, in order. Raises AssertionError if two turns overlap."""
    lines = [line.split() for line in file.read_text().splitlines()]
    for (process, what), (following, then) in pairwise(lines):
        assert what != then, f"{process} {what} and {following} {then}"
        assert what == "ends" or process == following, f"{following} {then} in the turn of {process}"
    return [process for process, what in lines if what == "begins"]
