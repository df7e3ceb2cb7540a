"""Inspect a database file without changing it: nothing is made, migrated or left behind."""

from dataclasses import dataclass
from pathlib import Path
from sqlite3 import sqlite_version_info

from sqlalchemy import func, inspect, select, text

from watcher.store.database import open_as_it_is, revision_of
from watcher.store.schema import HEAD, results

MOST_FAULTS = 5
SQLITE = sqlite_version_info
TWO_WRITERS_SAFE = (3, 51, 3)
"""Older versions of SQLite can damage a WAL database if two processes write or checkpoint at once."""


@dataclass(frozen=True, slots=True)
class Inspection:
    """What was found in a database file.

    `revision` is that of its schema, None if it is not a watcher's database. `damage` is what SQLite found
    wrong, at most MOST_FAULTS lines. `rows` is the number of results.
    """

    revision: str | None
    damage: tuple[str, ...]
    rows: int

    @property
    def is_older(self) -> bool:
        """Whether the next start will migrate it."""
        return self.revision is not None and self.revision < HEAD

    @property
    def is_newer(self) -> bool:
        """Whether a newer program made it."""
        return self.revision is not None and self.revision > HEAD


def inspect_database(file: Path) -> Inspection:
    """Check a whole database file. Raises DatabaseError if SQLite cannot read it at all."""
    was_closed = not wal_of(file).exists()
    inspection = _inspect(file)
    if was_closed and wal_of(file).exists():  # another process began to write it meanwhile
        inspection = _inspect(file)
    return inspection


def files_of(file: Path) -> tuple[Path, ...]:
    """The database, its write-ahead log, that log's index, and the write lock's file."""
    return tuple(file.with_name(f"{file.name}{suffix}") for suffix in ("", "-wal", "-shm", ".lock"))


def wal_of(file: Path) -> Path:
    """The write-ahead log of a database."""
    return files_of(file)[1]


def _inspect(file: Path) -> Inspection:
    database = open_as_it_is(file)
    try:
        with database.transaction() as connection:
            damage = connection.execute(text(f"PRAGMA quick_check({MOST_FAULTS})")).scalars().all()
            revision = revision_of(connection)
            rows = 0
            if inspect(connection).has_table(results.name):
                rows = connection.execute(select(func.count()).select_from(results)).scalar_one()
    finally:
        database.close()
    return Inspection(revision, tuple(line for line in damage if line != "ok"), rows)
