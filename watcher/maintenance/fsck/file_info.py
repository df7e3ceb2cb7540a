"""What fsck needs to know about a single file."""

import os
import stat
from datetime import datetime
from hashlib import file_digest, sha256

from watcher.store.logged_files import LoggedFile
from watcher.store.sqlite.comparison import FileInfo

_EMPTY = sha256().hexdigest()


def file_info(path: str) -> FileInfo | None:
    """A file's size and last change; None if there is no file."""
    try:
        return info_of(os.lstat(path))
    except (FileNotFoundError, NotADirectoryError):
        return None


def info_of(status: os.stat_result) -> FileInfo:
    """The size and last change from a file's status."""
    return FileInfo(status.st_size, status.st_mtime)


def digest_of(path: str) -> str | None:
    """The sha256 of a regular file's content, hex; None if it is not a regular file. Raises OSError."""
    if not stat.S_ISREG(os.lstat(path).st_mode):
        return None
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        return file_digest(file, "sha256").hexdigest()


def is_suspicious(row: LoggedFile, file: FileInfo) -> bool:
    """Whether a file's content may have changed: it is empty, or was written after it was filed."""
    assert row.filed_at is not None
    if file.size == 0:
        return row.sha256 != _EMPTY
    return file.changed > datetime.fromisoformat(row.filed_at).timestamp()
