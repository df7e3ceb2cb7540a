"""The write lock: of all connections of all processes, only one writes a database at a time.

SQLite before 3.51.3 can damage a database in WAL mode when two connections write or checkpoint it at the
same moment (https://sqlite.org/wal.html#walresetbug), and SQLite's own locks do not prevent that.
"""

import errno
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from watcher.folders.locks import try_lock, unlock

_LONGEST_NAP = 0.02


class WriteLock:
    """The lock to write one database: on a file next to it, and released when its holder dies.

    For one thread at a time. Only connections that write or checkpoint need it. Readers are safe without it,
    and never wait.
    """

    def __init__(self, file: Path, patience: float) -> None:
        """`patience` is how long to wait for the lock, in seconds."""
        self._file = file.with_name(f"{file.name}.lock")
        self._patience = patience
        self._descriptor: int | None = None

    @contextmanager
    def held(self) -> Iterator[None]:
        """Wait for the lock, and hold it while in the context. Raises TimeoutError, OSError."""
        if sys.platform == "win32":
            yield
            return
        if self._descriptor is None:
            self._descriptor = os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        self._wait(self._descriptor)
        try:
            yield
        finally:
            unlock(self._descriptor)

    def close(self) -> None:
        """Close the file. It must not be removed: two processes could then lock two files of that name."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _wait(self, descriptor: int) -> None:
        give_up = time.monotonic() + self._patience
        nap = 0.0005
        while True:
            if try_lock(descriptor):
                return
            if time.monotonic() >= give_up:
                why = f"another program has been writing it for {self._patience:g} s; try again later"
                raise TimeoutError(errno.ETIMEDOUT, why)
            time.sleep(nap)
            nap = min(2 * nap, _LONGEST_NAP)
