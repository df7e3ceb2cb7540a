"""Copy an older database before it is migrated, so that there is a way back."""

import os
import shutil
import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from watcher.errors import WatcherError
from watcher.text import error_text, printable

ROOM = 1.25
"""The free space that is required, as a multiple of the copy's size: the migration needs some too."""


class BackupError(WatcherError):
    """An older database could not be copied, and was not changed."""


@dataclass(frozen=True, slots=True)
class Upgrade:
    """A migration from one schema revision to another, and the copy of the old database."""

    before: str
    after: str
    backup: Path

    @property
    def way_back(self) -> str:
        """How to go back to the older program."""
        return (
            "stop the watcher, install the older one, remove the database with its -wal and -shm files, "
            "and rename the copy to the database's name"
        )


def back_up(file: Path, revision: str) -> Path:
    """Copy a database as it was last committed, into the same folder. The caller keeps other writers out.

    The copy is named `NAME.backup-REVISION`, with a number if that name is taken: nothing is overwritten. It
    gets its name when it is complete and on the disk. Raises BackupError.
    """
    temporary = file.with_name(f"{file.name}.backup-{revision}.tmp")
    try:
        temporary.unlink(missing_ok=True)
        uri = f"{file.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as source:
            _require_space(file, _size(source))
            with closing(sqlite3.connect(temporary)) as copy:
                source.backup(copy)
        return _named(temporary, file.with_name(f"{file.name}.backup-{revision}"))
    except (sqlite3.Error, OSError) as error:
        why = error_text(error)
        raise BackupError(
            f"{printable(str(file))}: it was not upgraded, because it could not be copied first: {why}"
        ) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def _size(database: sqlite3.Connection) -> int:
    ((pages,),) = database.execute("PRAGMA page_count").fetchall()
    ((page,),) = database.execute("PRAGMA page_size").fetchall()
    return int(pages) * int(page)


def _require_space(file: Path, size: int) -> None:
    free = shutil.disk_usage(file.parent).free
    if free < ROOM * size:
        raise BackupError(
            f"{printable(str(file))}: it must be copied and upgraded; that needs "
            f"{ROOM * size / 1e6:,.1f} MB, but only {free / 1e6:,.1f} MB are free; free some space in "
            f"{printable(str(file.parent))} and start again"
        )


def _named(temporary: Path, wanted: Path) -> Path:
    """Give the file the wanted name or the next free one. An empty file reserves the name first."""
    for number in count():
        goal = wanted.with_name(f"{wanted.name}-{number}") if number else wanted
        with suppress(FileExistsError):
            goal.touch(exist_ok=False)
            temporary.replace(goal)
            folder = os.open(goal.parent, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
            return goal
    raise AssertionError  # count() does not end
