"""The inbox: which files are in it, and which of them are complete and can be claimed."""

import errno
import os
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from itertools import islice
from pathlib import Path

from watcher.folders.completeness import CompletenessCheck

UNFINISHED = (".tmp", ".part", ".crdownload")
FRESH_SECONDS = 3.0
"""How coarse a folder's modification time may be: within this time, a second change may not show."""
MOST_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class Arrival:
    """A complete file in the inbox. `arrived` is when it came, in Unix seconds; `size` is in bytes."""

    path: str
    name: str
    arrived: float
    size: int = field(default=0, compare=False)


class NotYet(Enum):
    """Why a path is not an arrival."""

    GONE = "it is gone"
    HIDDEN = "its name marks it as hidden or unfinished"
    BEING_WRITTEN = "it is still being written"
    NO_FILE = "it is not a regular file"
    LINK = "it is a link; links are not followed"
    FOLDER = "it is a folder, and [inbox] recursive is false"
    CLOSED_FOLDER = "it is a folder that cannot be read"
    OUT_OF_REACH = "its folder cannot be entered, or its path is too long"


def is_hidden(name: str) -> bool:
    """Whether a name is left alone: dot files, and the suffixes of unfinished files."""
    return name.startswith(".") or name.lower().endswith(UNFINISHED)


class Inbox:
    """One watched folder."""

    def __init__(self, path: Path, *, recursive: bool, quiet_seconds: float) -> None:
        self._root = os.fspath(path)
        self._recursive = recursive
        self._writing = CompletenessCheck(quiet_seconds)
        self._folders: dict[str, int] = {}

    def adopt(self, quiet_seconds: float) -> None:
        """Use another `quiet_seconds` from now on."""
        self._writing.quiet_seconds = quiet_seconds

    def sweep(self) -> Iterator[str]:
        """The paths of everything that is not hidden, read while they are iterated over.

        They include folders that cannot be read, and all folders if subfolders are not watched. Raises
        OSError if the inbox itself cannot be read.
        """
        self._folders = {}
        folders: dict[str, int] = {}
        fresh = time.time_ns() - int(FRESH_SECONDS * 1e9)
        waiting: list[str] = []
        for path in self._walk(folders):
            yield path
            if path in self._writing:  # its quiet time is being measured
                waiting.append(path)
        self._writing.keep_only(waiting)
        if len(folders) < MOST_REMEMBERED and all(changed < fresh for changed in folders.values()):
            self._folders = folders

    def is_unchanged_since_sweep(self) -> bool:
        """Whether no name came or went since the last whole sweep began, by the folders' modification times.

        False if these cannot show it. Very cheap, but network shares may update the times late.
        """
        try:
            return bool(self._folders) and all(
                os.stat(folder).st_mtime_ns == changed for folder, changed in self._folders.items()
            )
        except OSError:
            return False

    def look(self, path: str) -> Arrival | NotYet:
        """The file at a path as an arrival, or why it is not one."""
        verdict = self._look(path)
        if isinstance(verdict, Arrival) or verdict is NotYet.GONE:
            self._writing.forget(path)
        return verdict

    def _look(self, path: str) -> Arrival | NotYet:
        folder, name = os.path.split(path)
        if is_hidden(name) or not self._is_watched(folder):
            return NotYet.HIDDEN
        try:
            status = os.lstat(path)
            if not stat.S_ISREG(status.st_mode):
                return self._no_file(status.st_mode)
            being_written = self._is_being_written(path, status)
        except OSError as error:
            if _is_gone(error):
                return NotYet.GONE
            if _is_out_of_reach(error) and os.access(self._root, os.X_OK):
                return NotYet.OUT_OF_REACH
            raise
        return NotYet.BEING_WRITTEN if being_written else Arrival(path, name, status.st_ctime, status.st_size)

    def _no_file(self, mode: int) -> NotYet:
        if stat.S_ISDIR(mode):
            return NotYet.CLOSED_FOLDER if self._recursive else NotYet.FOLDER
        return NotYet.LINK if stat.S_ISLNK(mode) else NotYet.NO_FILE

    def _is_being_written(self, path: str, status: os.stat_result) -> bool:
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except PermissionError:
            # It can be claimed all the same. Reading it then fails, and that is its result.
            return not self._writing.is_quiet(path, status)
        except BlockingIOError:
            return True  # a file server, say, holds a write lease; this makes the kernel ask it to release it
        try:
            return self._writing.is_being_written(descriptor, path, status)
        finally:
            os.close(descriptor)

    def _is_watched(self, folder: str) -> bool:
        if folder == self._root:
            return True
        below = os.path.relpath(folder, self._root)
        return self._recursive and not any(part.startswith(".") for part in below.split(os.sep))

    def _walk(self, folders: dict[str, int]) -> Iterator[str]:
        """The sweep's paths. Stores each folder's modification time in `folders` before reading it."""
        ahead = [self._root]
        while ahead:
            folder = ahead.pop()
            try:
                folders[folder] = os.stat(folder).st_mtime_ns
                entries = os.scandir(folder)
            except OSError as error:
                if folder == self._root:
                    raise
                if _is_out_of_reach(error):
                    yield folder
                elif not _is_gone(error):
                    raise
                continue
            with entries:
                for entry in entries:
                    is_folder = entry.is_dir(follow_symlinks=False)
                    if is_folder and self._recursive:
                        if not entry.name.startswith("."):
                            ahead.append(entry.path)
                    elif not is_hidden(entry.name):
                        yield entry.path


def _is_gone(error: OSError) -> bool:
    """Whether the file was removed or replaced by something else meanwhile."""
    return error.errno in {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO, errno.ESTALE}


def _is_out_of_reach(error: OSError) -> bool:
    return error.errno in {errno.EACCES, errno.EPERM, errno.ENAMETOOLONG}


def waiting(path: Path, *, recursive: bool, most: int) -> int:
    """How many files wait in a watched folder, at most `most`. Raises OSError."""
    inbox = Inbox(path, recursive=recursive, quiet_seconds=0)
    return sum(1 for _ in islice(filter(_is_file, inbox.sweep()), most))


def _is_file(path: str) -> bool:
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except FileNotFoundError:
        return False
