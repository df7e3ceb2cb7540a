"""An older database: copied before it is migrated, so that there is a way back."""

import os
import shutil
import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from watcher.errors import WatcherError
from watcher.text import printable

ROOM = 1.25
"""How much space is asked for, as a multiple of the copy's size: migrating takes some as well."""


class BackupError(WatcherError):
    """An older database could not be copied, and was therefore left as it is."""


@dataclass(frozen=True, slots=True)
class Upgrade:
    """A database that was migrated from one schema to another, and the copy of it as it was before."""

    before: str
    after: str
    backup: Path

    @property
    def way_back(self) -> str:
        """What to do for the older program to go on where it was."""
        return (
            "stop the watcher, install the older one, and put that copy in the place of the database, "
            "its -wal and its -shm"
        )


def back_up(file: Path, revision: str) -> Path:
    """Copy a database as it was last committed, beside it; for who keeps others from writing it.

    The copy is `NAME.backup-REVISION`, with a number where that is held: nothing is written over. It is on
    the disk, whole, before it has that name. Raises BackupError.
    """
    draft = file.with_name(f"{file.name}.backup-{revision}.tmp")
    try:
        draft.unlink(missing_ok=True)
        uri = f"{file.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as source:
            _ask_for_room(file, _size(source))
            with closing(sqlite3.connect(draft)) as copy:
                source.backup(copy)
        return _named(draft, file.with_name(f"{file.name}.backup-{revision}"))
    except (sqlite3.Error, OSError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise BackupError(
            f"{printable(str(file))}: it was not upgraded: the copy that is made of it first failed: {why}"
        ) from error
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)


def _size(database: sqlite3.Connection) -> int:
    ((pages,),) = database.execute("PRAGMA page_count").fetchall()
    ((page,),) = database.execute("PRAGMA page_size").fetchall()
    return int(pages) * int(page)


def _ask_for_room(file: Path, size: int) -> None:
    free = shutil.disk_usage(file.parent).free
    if free < ROOM * size:
        raise BackupError(
            f"{printable(str(file))}: it has to be upgraded, and is copied first; that takes "
            f"{ROOM * size / 1e6:,.1f} MB, and {free / 1e6:,.1f} MB are free; make room in "
            f"{printable(str(file.parent))}, and start again"
        )


def _named(draft: Path, wanted: Path) -> Path:
    """The draft under the wanted name or the next that is free: held first, so that it is nobody else's."""
    for number in count():
        goal = wanted.with_name(f"{wanted.name}-{number}") if number else wanted
        with suppress(FileExistsError):
            goal.touch(exist_ok=False)
            draft.replace(goal)
            folder = os.open(goal.parent, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
            return goal
    raise AssertionError  # count() does not end
