"""What the disk must provide: data that survives a power cut, and links between two folders."""

import ctypes
import errno
import math
import os
import tempfile
import time
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from pathlib import Path

from watcher.errors import WatcherError
from watcher.text import printable

PROBE = ".probe-"
_NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS}
"""How a disk without hard links refuses one."""


class DiskError(WatcherError):
    """These folders cannot be used together."""


class Flusher:
    """Flushes a folder's disk, so that all data and names written so far survive a power cut.

    `failed_at`, in Unix seconds, is when a flush failed last. The system may have discarded what it could not
    write, and reports that only once. So files written before then must be read from the disk itself.
    """

    def __init__(self, folder: Path) -> None:
        self.failed_at = -math.inf
        self._folder = folder
        self._descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        library = ctypes.CDLL(None, use_errno=True)
        self._syncfs = getattr(library, "syncfs", None)
        self._beside = ThreadPoolExecutor(1, thread_name_prefix="flusher")
        self._begun: Future[None] | None = None

    def begin(self) -> Future[None]:
        """Begin to flush, in a thread, everything that was written before this call."""
        if self._begun is None or self._begun.running() or self._begun.done():
            self._begun = self._beside.submit(self.flush)
        return self._begun

    def flush(self) -> None:
        """Flush the disk; raises OSError if it reports that data was lost."""
        if self._syncfs is None:
            os.sync()
        elif self._syncfs(self._descriptor) != 0:
            code = ctypes.get_errno()
            self.failed_at = time.time()
            raise OSError(code, os.strerror(code))

    def reopen(self) -> None:
        """From now on, flush the disk that the folder's path leads to now; it may be another one."""
        descriptor = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        if self._begun is not None:
            wait([self._begun])
        os.close(self._descriptor)
        self._descriptor = descriptor

    def close(self) -> None:
        """Wait for the flush in progress and close the folder."""
        self._beside.shutdown()
        os.close(self._descriptor)


def move_without_replacing(source: str, goal: str) -> None:
    """Rename a file unless the name is taken, in one step. Raises FileExistsError if it is.

    This is Linux's renameat2(2) with RENAME_NOREPLACE.
    """
    at_current_folder, no_replace = -100, 1
    names = os.fsencode(source), os.fsencode(goal)
    library = ctypes.CDLL(None, use_errno=True)
    if library.renameat2(at_current_folder, names[0], at_current_folder, names[1], no_replace) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), source, None, goal)


def require_one_disk(claimed: Path, outbox: Path) -> None:
    """Try a link from one folder to the other. Raises DiskError if the system refuses it.

    Device numbers would not show it: one disk can be mounted twice, and links between the mounts fail. Files
    that a killed run left from this test are removed.
    """
    for left in [*claimed.glob(f"{PROBE}*"), *outbox.glob(f"{PROBE}*")]:
        left.unlink(missing_ok=True)
    try:
        probe = tempfile.NamedTemporaryFile(dir=claimed, prefix=PROBE)  # noqa: SIM115 - closed below
    except OSError as error:  # the probe's own name would not help
        raise OSError(error.errno, error.strerror, os.fspath(claimed)) from error
    with probe:
        goal = outbox / Path(probe.name).name
        try:
            os.link(probe.name, goal)
        except OSError as error:
            if error.errno in _NO_LINKS and os.access(outbox, os.W_OK | os.X_OK):
                raise DiskError(
                    f"the disk of the outbox ({printable(str(outbox))}) allows no hard links, by "
                    "which files are filed; put inbox and outbox on another disk"
                ) from error
            if error.errno != errno.EXDEV:
                raise OSError(error.errno, error.strerror, os.fspath(outbox)) from error
            raise DiskError(
                f"the inbox ({printable(str(claimed.parent))}) and the outbox ({printable(str(outbox))}) "
                "are on different disks or mounts; put both into one folder on one disk"
            ) from error
        finally:
            with suppress(FileNotFoundError):
                goal.unlink()
