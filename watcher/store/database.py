"""The database file: open it, migrate it to the newest schema, and run transactions in it."""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, inspect, text

from watcher.resources import shipped
from watcher.store.schema import HEAD
from watcher.store.sqlite.backup import Upgrade, back_up
from watcher.store.sqlite.engine import (
    LOG_BYTES,
    READING,
    WRITING,
    DatabaseError,
    sqlite_engine,
    translated_errors,
)
from watcher.store.sqlite.write_lock import WriteLock
from watcher.text import printable

__all__ = [
    "BUSY_SECONDS",
    "LOG_BYTES",
    "Database",
    "DatabaseError",
    "open_as_it_is",
    "open_database",
    "open_log",
    "revision_of",
    "translated_errors",
]
BUSY_SECONDS = 15.0
"""How long a command waits for its turn to write."""


class Database:
    """An open database with the log and the references; for one thread at a time."""

    def __init__(self, engine: Engine, file: Path, write_lock: WriteLock | None = None) -> None:
        """To write, it needs a `write_lock`."""
        self._engine = engine
        self._write_lock = write_lock
        self._connection: Connection | None = None
        self._opened: os.stat_result | None = None
        self.file = file

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A transaction that is committed at its end, or undone by an exception."""
        # SQLite checkpoints by itself at a commit, so this holds the lock until the commit is done.
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
        """Let go of the file."""
        # The last connection to close checkpoints. If another holds the lock, this is not the last one.
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
    database = Database(sqlite_engine(url, WRITING, patience), file, WriteLock(file, patience))
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
    return Database(sqlite_engine(url, READING, BUSY_SECONDS), file)


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
