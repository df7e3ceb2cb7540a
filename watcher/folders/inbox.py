"""The inbox: which files lie in it, and which of them are complete and for us."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from watcher.folders.writing import WritingWatch

UNFINISHED = (".tmp", ".part", ".crdownload")


@dataclass(frozen=True, slots=True)
class Arrival:
    """A complete file in the inbox. `arrived` is when it came, in Unix seconds."""

    path: str
    name: str
    arrived: float


class NotYet(Enum):
    """Why a path is no arrival."""

    GONE = "it is gone"
    HIDDEN = "its name marks it as hidden or unfinished"
    NO_FILE = "it is no regular file"
    BEING_WRITTEN = "it is still being written"


def is_hidden(name: str) -> bool:
    """Whether a name is left alone: dot files, and names that programs give to what they still write."""
    return name.startswith(".") or name.lower().endswith(UNFINISHED)


class Inbox:
    """One watched folder."""

    def __init__(self, path: Path, *, recursive: bool, quiet_seconds: float) -> None:
        self._root = os.fspath(path)
        self._recursive = recursive
        self._writing = WritingWatch(quiet_seconds)

    def sweep(self) -> Iterator[str]:
        """The paths of all files that are not hidden, as they lie there; read as they are asked for.

        A subfolder that cannot be read is given as a path of its own. Raises OSError where the inbox itself
        cannot be read.
        """
        waiting: list[str] = []
        for path in self._walk(self._root):
            yield path
            if path in self._writing:  # since it was looked at just now, or before
                waiting.append(path)
        self._writing.keep_only(waiting)

    def look(self, path: str) -> Arrival | NotYet:
        """The file at a path as an arrival, or why it is none."""
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
                return NotYet.NO_FILE
            being_written = self._is_being_written(path, status)
        except (FileNotFoundError, NotADirectoryError):
            return NotYet.GONE
        return NotYet.BEING_WRITTEN if being_written else Arrival(path, name, status.st_ctime)

    def _is_being_written(self, path: str, status: os.stat_result) -> bool:
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except PermissionError:
            # It can be claimed all the same; then reading it fails, and that is its result.
            return not self._writing.is_quiet(path, status)
        try:
            return self._writing.is_being_written(descriptor, path, status)
        finally:
            os.close(descriptor)

    def _is_watched(self, folder: str) -> bool:
        if folder == self._root:
            return True
        below = os.path.relpath(folder, self._root)
        return self._recursive and not any(part.startswith(".") for part in below.split(os.sep))

    def _walk(self, folder: str) -> Iterator[str]:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    if self._recursive and not entry.name.startswith("."):
                        yield from self._walk_below(entry.path)
                elif not is_hidden(entry.name):
                    yield entry.path

    def _walk_below(self, folder: str) -> Iterator[str]:
        try:
            yield from self._walk(folder)
        except FileNotFoundError:
            pass  # somebody removed it meanwhile
        except PermissionError:
            yield folder
