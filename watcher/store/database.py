"""The database file: opening it, bringing it to the newest schema, and transactions in it."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool

from watcher.errors import WatcherError
from watcher.shipped import shipped
from watcher.store.schema import HEAD
from watcher.text import printable

BUSY_SECONDS = 15.0


class DatabaseError(WatcherError):
    """The database cannot be used; the text says what SQLite says of it."""


class Database:
    """One process's way to the log and the references."""

    def __init__(self, engine: Engine, file: Path) -> None:
        self._engine = engine
        self.file = file

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A transaction that is committed at its end, or undone by an exception."""
        with told(self.file), self._engine.begin() as connection:
            yield connection

    def close(self) -> None:
        """Let go of the file."""
        self._engine.dispose()


def open_database(file: Path) -> Database:
    """Open it to read and write, made if there is none, and at the newest schema."""
    with told(file):
        file.parent.mkdir(parents=True, exist_ok=True)
    database = Database(
        _engine(URL.create("sqlite", database=str(file)), "BEGIN IMMEDIATE", writable=True), file
    )
    with ExitStack() as on_refusal:
        on_refusal.callback(database.close)
        with database.transaction() as connection:
            _migrate(connection, file)
        on_refusal.pop_all()
    return database


def open_log(file: Path) -> Database:
    """Open it to read only, beside whoever writes it. Raises DatabaseError when there is none yet."""
    if not file.exists():
        raise DatabaseError(f"{printable(str(file))}: there is no database yet; `watcher run` makes it")
    database = _opened_to_read(file, {})
    with ExitStack() as on_refusal:
        on_refusal.callback(database.close)
        with database.transaction() as connection:
            revision = revision_of(connection)
        if revision != HEAD:
            open_database(file).close()
        on_refusal.pop_all()
    return database


def open_as_it_is(file: Path) -> Database:
    """Open it to read only, whatever it holds: nothing is made or migrated.

    Where nobody has it open, SQLite is told that it does not change, and then leaves no files beside it.
    """
    in_use = file.with_name(f"{file.name}-wal").exists()
    return _opened_to_read(file, {} if in_use else {"immutable": "1"})


def _opened_to_read(file: Path, query: dict[str, str]) -> Database:
    query = {"mode": "ro", "uri": "true", **query}
    url = URL.create("sqlite", database=file.absolute().as_uri(), query=query)
    return Database(_engine(url, "BEGIN", writable=False), file)


def _engine(url: URL, begin: str, *, writable: bool) -> Engine:
    # isolation_level=None leaves transactions to the `begin` event below: the driver's own would begin
    # deferred, and such a transaction fails at once where it has to wait to become a writer.
    engine = create_engine(
        url,
        poolclass=QueuePool,
        pool_size=1,
        max_overflow=0,
        connect_args={"isolation_level": None, "timeout": BUSY_SECONDS, "check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: object) -> None:
        if writable:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")  # NORMAL loses commits at a power cut
        connection.execute("PRAGMA foreign_keys = ON")

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


@contextmanager
def told(file: Path) -> Iterator[None]:
    """What SQLite or the system says of the file, as a DatabaseError that names it."""
    try:
        yield
    except DBAPIError as error:
        raise DatabaseError(f"{printable(str(file))}: {error.orig}") from error
    except OSError as error:
        raise DatabaseError(f"{printable(str(file))}: {error.strerror}") from error


def revision_of(connection: Connection) -> str | None:
    """The schema's revision; None where there is none."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return revision


def _migrate(connection: Connection, file: Path) -> None:
    """Run the migrations that are missing, all in the transaction that is open."""
    revision = revision_of(connection)
    if revision == HEAD:
        return
    from alembic import command  # noqa: PLC0415 - a quarter of a second that most starts do without
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(shipped("migrations")).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise DatabaseError(
            f"{printable(str(file))}: it was made by a newer watcher (its schema is {revision}, "
            f"this program knows {HEAD}); install the newer program"
        ) from error
