"""The contents of claimed files: read without being fooled, and read again before anything rests on them."""

import errno
import os
import stat
from hashlib import sha256

from watcher.errors import Unreadable
from watcher.folders.completeness import is_open_for_writing

LARGEST_FILE = 32 * 2**20

State = tuple[int, int]
"""Size, and time of the last change in nanoseconds: how a file lies there. When it changes, the file did."""


def read_file(path: str) -> bytes:
    """The bytes of a claimed file.

    Raises Unreadable where it has none that can be read, and OSError for a fault that may pass.
    """
    descriptor, status = _opened(path)
    try:
        return _read(descriptor, status.st_size)
    finally:
        os.close(descriptor)


def examine(path: str, digest: str | None, *, from_disk: bool) -> State | None:
    """How a claimed file lies there, if it still is what it was when it was read.

    None where it is gone, changed, or somebody has it open to write. `digest` is None if it was unreadable.
    `from_disk` asks the disk itself instead of what the system remembers of it. Raises OSError for a fault
    that may pass.
    """
    unreadable = state_of(path) if digest is None else None
    try:
        descriptor, status = _opened(path)
        try:
            if is_open_for_writing(descriptor):
                return None
            if from_disk and hasattr(os, "posix_fadvise"):
                os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            found = sha256(_read(descriptor, status.st_size)).hexdigest()
        finally:
            os.close(descriptor)
    except FileNotFoundError:
        return None
    except Unreadable:
        return unreadable
    except OSError as error:
        if error.errno != errno.EIO:
            raise
        return unreadable
    return _state(status) if found == digest else None


def is_being_written(path: str) -> bool:
    """Whether somebody has a claimed file open to write, as far as the system tells."""
    try:
        descriptor, _ = _opened(path)
    except (OSError, Unreadable):
        return False
    try:
        return is_open_for_writing(descriptor) is True
    finally:
        os.close(descriptor)


def state_of(path: str) -> State | None:
    """How a file lies there, None where there is none."""
    try:
        return _state(os.lstat(path))
    except FileNotFoundError:
        return None


def _state(status: os.stat_result) -> State:
    return status.st_size, status.st_mtime_ns


def _opened(path: str) -> tuple[int, os.stat_result]:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except PermissionError as error:
        raise Unreadable("there is no permission to read it") from error
    except OSError as error:
        if error.errno in {errno.ELOOP, errno.ENXIO}:  # a link, a socket
            raise Unreadable("it is no regular file") from error
        raise
    try:
        status = os.fstat(descriptor)
        _require_readable(status)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor, status


def _require_readable(status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise Unreadable("it is no regular file")
    if status.st_size > LARGEST_FILE:
        raise Unreadable(
            f"it is {status.st_size:,} bytes long; pictures of more than {LARGEST_FILE:,} are not read"
        )


def _read(descriptor: int, size: int) -> bytes:
    """All there is, up to LARGEST_FILE; in one call where that is as much as the system says."""
    content = os.read(descriptor, size + 1)
    if len(content) == size:
        return content
    parts = [content]
    while parts[-1] and size < LARGEST_FILE:
        parts.append(os.read(descriptor, LARGEST_FILE))
        size = sum(map(len, parts))
    return b"".join(parts)
