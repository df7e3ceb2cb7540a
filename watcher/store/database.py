"""The database file: open it, migrate it to the newest schema, and run transactions in it."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool

from watcher.errors import WatcherError, passes, to_change
from watcher.resources import shipped
from watcher.store.schema import HEAD
from watcher.store.sqlite.backup import Upgrade, back_up
from watcher.store.sqlite.write_lock import WriteLock
from watcher.text import error_text, printable

BUSY_SECONDS = 15.0
"""How long a command waits for its turn to write."""
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

_REFUSED = frozenset({sqlite3.SQLITE_PERM, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN})


class DatabaseError(WatcherError):
    """The database cannot be used; the text is SQLite's message."""

    def __init__(self, message: str, *, passing: bool = False) -> None:
        super().__init__(message)
        self.passes = passing


class Database:
    """An open database with the log and the references; for one thread at a time."""

    def __init__(self, engine: Engine, file: Path, turn: WriteLock | None = None) -> None:
        """Who is to write needs a `turn`."""
        self._engine = engine
        self._write_lock = turn
        self._connection: Connection | None = None
        self._opened: os.stat_result | None = None
        self.file = file

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A transaction; committed at the end of the context, or undone by an exception."""
        # SQLite checkpoints by itself at a commit, so that one who writes has the turn for it, too.
        with translated_errors(self.file), self._held():
            self._require_file()
            with self._connected() as connection, connection.begin():
                yield connection

    def hold_on(self) -> None:
        """Remember this file: from now on, a transaction fails if its path leads to another file or none."""
        self._opened = self.file.stat()

    def log_bytes(self) -> int:
        """The size of SQLite's log, the -wal file; it grows while a reader keeps a transaction open."""
        try:
            return self.file.with_name(f"{self.file.name}-wal").stat().st_size
        except FileNotFoundError:
            return 0

    def cut_log(self) -> None:
        """Copy SQLite's log into the database and empty it, unless somebody still reads from it."""
        with translated_errors(self.file), self._held(), self._connected() as connection:
            cursor = connection.connection.cursor()
            ((patience,),) = cursor.execute("PRAGMA busy_timeout").fetchall()
            cursor.execute("PRAGMA busy_timeout = 0")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            cursor.execute(f"PRAGMA busy_timeout = {patience}")

    def close(self) -> None:
        """Close the file."""
        # The last to close checkpoints. While it is somebody else's turn we are not the last.
        with ExitStack() as stack:
            with suppress(OSError):
                stack.enter_context(self._held())
            self._let_go()
            self._engine.dispose()
        if self._write_lock is not None:
            self._write_lock.close()

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        """The connection; it is kept for the next transaction unless an error occurred."""
        if self._connection is None:
            self._connection = self._engine.connect()
        try:
            yield self._connection
        except BaseException:
            self._let_go()
            raise

    def _let_go(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _require_file(self) -> None:
        """Raise DatabaseError if the file was removed: SQLite would write on to it, and lose everything."""
        if self._opened is None:
            return
        try:
            is_there = os.path.samestat(self._opened, self.file.stat())
        except FileNotFoundError:
            is_there = False
        if not is_there:
            raise DatabaseError(
                f"{printable(str(self.file))}: it was removed or replaced while in use; put it back, "
                "or restart the watcher to use what is there now",
                passing=True,
            )

    def _held(self) -> AbstractContextManager[None]:
        return nullcontext() if self._write_lock is None else self._write_lock.held()


def open_database(
    file: Path, patience: float = BUSY_SECONDS, *, upgraded: Callable[[Upgrade], object] = lambda _: None
) -> Database:
    """Open the database to read and write, with the newest schema; it is made if there is none.

    `patience` is how many seconds to wait for other writers. An older database is copied before it is
    migrated; `upgraded` is called afterwards. Raises DatabaseError, BackupError.
    """
    with translated_errors(file):
        file.parent.mkdir(parents=True, exist_ok=True)
    url = URL.create("sqlite", database=str(file))
    database = Database(_engine(url, WRITING, patience), file, WriteLock(file, patience))
    with ExitStack() as on_refusal:
        on_refusal.callback(database.close)
        with database.transaction() as connection:
            upgrade = _migrate(connection, file)
        with translated_errors(file):
            database.hold_on()
        if upgrade is not None:
            upgraded(upgrade)
        on_refusal.pop_all()
    return database


def open_log(file: Path, *, upgraded: Callable[[Upgrade], object] = lambda _: None) -> Database:
    """Open the database to read only, while others may write. Raises DatabaseError if there is none yet.

    SQLite then writes neither the database nor its log, not even after a crash. An older database is migrated
    first, as by `open_database`.
    """
    if not file.exists():
        raise DatabaseError(f"{printable(str(file))}: there is no database yet; `watcher run` makes it")
    database = _opened_to_read(file, {})
    with ExitStack() as on_refusal:
        on_refusal.callback(database.close)
        try:
            with database.transaction() as connection:
                revision = revision_of(connection)
        except DatabaseError as error:
            if not error.passes or os.access(file.parent, os.W_OK):
                raise
            raise DatabaseError(
                f"{printable(str(file))}: without a running daemon, only a user who may make files in its "
                f"folder can read it; run this as the user that owns {printable(str(file.parent))}"
            ) from error
        if revision != HEAD:
            open_database(file, upgraded=upgraded).close()
        on_refusal.pop_all()
    return database


def open_as_it_is(file: Path) -> Database:
    """Open the database to read only, whatever it holds: nothing is made or migrated.

    If nobody has it open, SQLite opens it as immutable, and then makes no files next to it.
    """
    in_use = file.with_name(f"{file.name}-wal").exists()
    return _opened_to_read(file, {} if in_use else {"immutable": "1"})


def _opened_to_read(file: Path, query: dict[str, str]) -> Database:
    query = {"mode": "ro", "uri": "true", **query}
    url = URL.create("sqlite", database=file.absolute().as_uri(), query=query)
    return Database(_engine(url, READING, BUSY_SECONDS), file)


def _engine(url: URL, begin: str, patience: float) -> Engine:
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
        closed = _closed(file) if code in _REFUSED else None
        why = f"{printable(str(file))}: {error.orig}"
        if closed is not None:
            why = f"{printable(str(closed))}: Permission denied, and the database needs it ({error.orig})"
        raise DatabaseError(why, passing=code in _PASSING) from error
    except OSError as error:
        why = error_text(error) if to_change(error) else f"{printable(str(file))}: {error.strerror}"
        raise DatabaseError(why, passing=passes(error)) from error


def _closed(file: Path) -> Path | None:
    """The file or folder of a database that this process may not use; None if it may use them all."""
    closed = next((folder for folder in reversed(file.parents) if not os.access(folder, os.X_OK)), None)
    if closed is not None:
        return closed
    files = [file.with_name(f"{file.name}{suffix}") for suffix in ("", "-wal", "-shm", ".lock")]
    used = [*((one, os.R_OK | os.W_OK) for one in files if one.exists()), (file.parent, os.W_OK)]
    return next((path for path, right in used if not os.access(path, right)), None)


def revision_of(connection: Connection) -> str | None:
    """The schema's revision; None if there is none."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return revision


def _migrate(connection: Connection, file: Path) -> Upgrade | None:
    """Copy an older database and run the missing migrations, all in the open transaction."""
    revision = revision_of(connection)
    if revision == HEAD:
        return None
    if revision is not None and revision > HEAD:
        raise DatabaseError(
            f"{printable(str(file))}: a newer watcher made it (its schema is {revision}, "
            f"this program knows {HEAD}); install the newer program"
        )
    backup = None if revision is None else back_up(file, revision)
    from alembic import command  # noqa: PLC0415 - takes a quarter of a second, and most starts need no migration
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(shipped("migrations")).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    return None if revision is None or backup is None else Upgrade(revision, HEAD, backup)
