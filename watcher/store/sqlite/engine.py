"""SQLite's engine: how a database file is opened, how transactions begin, and what SQLite's errors mean."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool

from watcher.errors import WatcherError, passes
from watcher.text import printable

LOG_BYTES = 4 * 2**20
"""The size to which SQLite cuts its log, the -wal file next to the database, when it starts again."""
WRITING, READING = "BEGIN IMMEDIATE", "BEGIN"
"""How transactions begin; a reader's does not block writers."""
_PASSING = frozenset(
    {
        *(sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL),
        *(sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN),
        sqlite3.SQLITE_NOMEM,
    }
)


class DatabaseError(WatcherError):
    """The database cannot be used; the text is SQLite's message."""

    def __init__(self, message: str, *, passing: bool = False) -> None:
        super().__init__(message)
        self.passes = passing


def sqlite_engine(url: URL, begin: str, patience: float) -> Engine:
    """An engine with one connection; `begin` is WRITING or READING, `patience` is in seconds."""
    # isolation_level=None leaves transactions to the `begin` event below. The driver would begin a deferred
    # transaction, which fails at once if it must wait to become a writer.
    engine = create_engine(
        url,
        poolclass=QueuePool,
        pool_size=1,
        max_overflow=0,
        connect_args={"isolation_level": None, "timeout": patience, "check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: object) -> None:
        if begin == WRITING:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")  # NORMAL loses commits at a power cut
            connection.execute(f"PRAGMA journal_size_limit = {LOG_BYTES}")
        connection.execute("PRAGMA foreign_keys = ON")

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


@contextmanager
def translated_errors(file: Path) -> Iterator[None]:
    """Turn errors of SQLite and the system into a DatabaseError that names the file."""
    try:
        yield
    except DBAPIError as error:
        if file.is_dir():
            raise DatabaseError(
                f"{printable(str(file))}: it is a folder, but the database must be a file; move the folder "
                "away, or change [database] url"
            ) from error
        code = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF  # the higher bits are details
        raise DatabaseError(f"{printable(str(file))}: {error.orig}", passing=code in _PASSING) from error
    except OSError as error:
        raise DatabaseError(f"{printable(str(file))}: {error.strerror}", passing=passes(error)) from error
