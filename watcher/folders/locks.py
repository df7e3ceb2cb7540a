"""Locks on open files and folders. The kernel releases them when the process that holds them dies."""

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from watcher.errors import WatcherError

if sys.platform != "win32":
    import fcntl


def try_lock(descriptor: int) -> bool:
    """Lock an open file or folder for this process alone; False if another process holds it.

    Raises OSError if the system refuses locks.
    """
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def unlock(descriptor: int) -> None:
    """Release what `try_lock` took, and keep the file open."""
    fcntl.flock(descriptor, fcntl.LOCK_UN)


@contextmanager
def locked(folder: Path) -> Iterator[bool]:
    """Hold the lock on a folder while in the context; yields False if another process holds it."""
    descriptor = _opened(folder)
    try:
        yield try_lock(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def held_alone(folder: Path, refusal: str) -> Iterator[None]:
    """Hold the lock on a folder while in the context. Raises WatcherError(refusal) if another holds it."""
    with locked(folder) as is_ours:
        if not is_ours:
            raise WatcherError(refusal)
        yield


def is_held(folder: Path) -> bool:
    """Whether another process holds the lock on a folder. Raises OSError if there is no such folder.

    This takes a shared lock for an instant, so that several processes can ask at the same time.
    """
    descriptor = _opened(folder)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(descriptor)


def holder(folder: Path) -> int | None:
    """The id of the process that holds the lock, if the system says; see proc_locks(5)."""
    with suppress(OSError):
        inode = os.stat(folder).st_ino
        with open("/proc/locks", encoding="ascii") as locks:
            held = re.search(rf" FLOCK +\w+ +WRITE (\d+) \w+:\w+:{inode} ", locks.read())
        return int(held[1]) if held else None
    return None


def _opened(folder: Path) -> int:
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
