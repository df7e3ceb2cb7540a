"""What lies in an inbox and is never taken: files in subfolders that are not watched, links, sockets."""

import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from watcher.folders.inbox import Inbox, NotYet


@dataclass(frozen=True, slots=True)
class LeftAlone:
    """How many files or other entries are left alone, and one of them, relative to the inbox."""

    count: int
    example: str


def in_subfolders(inbox: Path, *, recursive: bool, most: int) -> LeftAlone | None:
    """The files in subfolders that are not watched, at most `most`; the example is the first subfolder.

    None if there are none, or subfolders are watched. Raises OSError if the inbox cannot be read.
    """
    if recursive:
        return None
    root = os.fspath(inbox)
    folders: list[str] = []
    for path in islice(Inbox(inbox, recursive=True, quiet_seconds=0).sweep(), most):
        folder = os.path.dirname(path)
        if folder != root and stat.S_ISREG(_mode(path)):
            folders.append(folder)
    return LeftAlone(len(folders), os.path.relpath(min(folders), root)) if folders else None


def never_taken(inbox: Path, *, recursive: bool, most: int) -> Mapping[NotYet, LeftAlone]:
    """Links, folders that cannot be read, and other entries that are no files, by why they are left alone.

    At most `most` entries of the inbox are looked at. Raises OSError if it cannot be read.
    """
    found: dict[NotYet, LeftAlone] = {}
    for path in islice(Inbox(inbox, recursive=recursive, quiet_seconds=0).sweep(), most):
        why = _why(_mode(path), recursive=recursive)
        if why is not None:
            known = found.get(why, LeftAlone(0, os.path.relpath(path, inbox)))
            found[why] = LeftAlone(known.count + 1, known.example)
    return found


def _why(mode: int, *, recursive: bool) -> NotYet | None:
    if stat.S_ISLNK(mode):
        return NotYet.LINK
    if stat.S_ISDIR(mode):
        return NotYet.CLOSED_FOLDER if recursive else None  # `in_subfolders` looks into it
    return None if stat.S_ISREG(mode) or not mode else NotYet.NO_FILE


def _mode(path: str) -> int:
    """The kind of file that is there; 0 if it is gone or out of reach."""
    with suppress(OSError):
        return os.lstat(path).st_mode
    return 0
