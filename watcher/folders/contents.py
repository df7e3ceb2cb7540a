"""Read claimed files safely, and check that they have not changed before they are recorded."""

import errno
import os
import stat
from hashlib import sha256

from watcher.errors import Unreadable
from watcher.folders.completeness import is_open_for_writing

LARGEST_FILE = 32 * 2**20

State = tuple[int, int]
"""A file's size in bytes and last change in nanoseconds. If this changes, the file has changed."""


def read_file(path: str) -> bytes:
    """The bytes of a claimed file.

    Raises Unreadable if they cannot be read, and OSError for a fault that may pass.
    """
    descriptor, status = _opened(path)
    try:
        return _read(descriptor, status.st_size)
    finally:
        os.close(descriptor)


def examine(path: str, digest: str | None, *, from_disk: bool) -> State | None:
    """The state of a claimed file if its content still has this sha256.

    None if it is gone, has changed, or somebody has it open for writing. `digest` is None if the file was
    unreadable. `from_disk` reads from the disk itself and not from the system's cache. Raises OSError for a
    fault that may pass.
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
    """Whether somebody has a claimed file open for writing, as far as the system says."""
    try:
        descriptor, _ = _opened(path)
    except (OSError, Unreadable):
        return False
    try:
        return is_open_for_writing(descriptor) is True
    finally:
        os.close(descriptor)


def state_of(path: str) -> State | None:
    """A file's state; None if there is no file."""
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
            raise Unreadable("it is not a regular file") from error
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
        raise Unreadable("it is not a regular file")
    if status.st_size > LARGEST_FILE:
        raise Unreadable(
            f"it is {status.st_size:,} bytes long; files of more than {LARGEST_FILE:,} bytes are not read"
        )


def _read(descriptor: int, size: int) -> bytes:
    """The content, up to LARGEST_FILE; in one call if the file has the given size."""
    content = os.read(descriptor, size + 1)
    if len(content) == size:
        return content
    parts = [content]
    while parts[-1] and size < LARGEST_FILE:
        parts.append(os.read(descriptor, LARGEST_FILE))
        size = sum(map(len, parts))
    return b"".join(parts)
