"""Run any SQL query on the database; it cannot change anything."""

import re
import sqlite3
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from watcher.errors import WatcherError
from watcher.store import schema, views
from watcher.store.database import BUSY_SECONDS

HELP = "`watcher sql --tables` lists tables and columns"
STEPS_BETWEEN = 10_000
"""SQLite's steps between two checks for a signal."""
_DOING = {
    sqlite3.SQLITE_ATTACH: "ATTACH or VACUUM",
    sqlite3.SQLITE_DETACH: "DETACH",
    sqlite3.SQLITE_TRANSACTION: "a transaction of your own",
    sqlite3.SQLITE_SAVEPOINT: "a transaction of your own",
}
_WRITING = frozenset({sqlite3.SQLITE_INSERT, sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_DELETE})
_READING = frozenset(
    {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
)
_HARMLESS_PRAGMAS = frozenset(
    {
        *("table_info", "table_xinfo", "table_list", "index_list", "index_info", "index_xinfo"),
        *("foreign_key_list", "database_list", "collation_list", "function_list", "compile_options"),
        *("page_count", "page_size", "freelist_count", "schema_version", "user_version", "encoding"),
        *("integrity_check", "quick_check", "foreign_key_check", "journal_mode"),
    }
)
"""Without an argument these only read."""
_TAKES_A_NAME = re.compile(r".*(_info|_xinfo|_list|_check)")
"""These only read with an argument too: it names a table or an index."""


class QueryError(WatcherError):
    """The SQL is wrong, or would change something; the text is SQLite's message."""


class Answer(NamedTuple):
    """The column names and the rows; the rows are read while they are iterated over."""

    columns: tuple[str, ...]
    rows: Iterator[Sequence[Any]]


class TableDescription(NamedTuple):
    """A table or view: its name, what it holds, and (name, type, meaning) of each column."""

    name: str
    meaning: str
    columns: tuple[tuple[str, str, str], ...]


def table_descriptions() -> list[TableDescription]:
    """All tables and views, with their meaning."""
    return [
        TableDescription(
            table.name,
            table.comment or "",
            tuple((column.name, str(column.type), column.comment or "") for column in table.c),
        )
        for metadata in (schema.metadata, views.metadata)
        for table in metadata.tables.values()
    ]


@contextmanager
def run_query(file: Path, query: str) -> Iterator[Answer]:
    """The answer to one SQL statement. Raises QueryError, also while the rows are read.

    KeyboardInterrupt ends a long query at once.
    """
    uri = f"{file.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True, isolation_level=None, timeout=BUSY_SECONDS)) as connection:
        connection.text_factory = lambda text: text.decode("utf-8", "backslashreplace")
        connection.execute("PRAGMA query_only = ON")
        guard = _Guard()
        connection.set_authorizer(guard.judge)
        connection.set_progress_handler(_let_python_handle_signals, STEPS_BETWEEN)
        with _translated_errors(guard):
            cursor = connection.execute(query)
        if cursor.description is None:
            raise QueryError(f"this is not a query; {HELP}")
        with closing(_rows(cursor, guard)) as rows:
            yield Answer(tuple(name for name, *_ in cursor.description), rows)


class _Guard:
    """Allows SQLite what only reads, and remembers what it refused."""

    def __init__(self) -> None:
        self.refused: str | None = None

    def judge(self, action: int, first: str | None, second: str | None, *_: object) -> int:
        """SQLite's authorizer: whether this action is allowed."""
        pragma = (first or "").lower()
        if action in _READING or (
            # SQLite asks this when it prepares a function that returns a table, such as json_each.
            action == sqlite3.SQLITE_UPDATE and first == "sqlite_master"
        ):
            return sqlite3.SQLITE_OK
        if action == sqlite3.SQLITE_PRAGMA:
            if pragma in _HARMLESS_PRAGMAS and (second is None or _TAKES_A_NAME.fullmatch(pragma)):
                return sqlite3.SQLITE_OK
            self.refused = f"PRAGMA {pragma}"
        elif action in _WRITING and not (first or "").startswith("sqlite_"):
            self.refused = f"changing {first}"
        else:
            self.refused = _DOING.get(action, "changing tables or views")
        return sqlite3.SQLITE_DENY


def _rows(cursor: sqlite3.Cursor, guard: _Guard) -> Generator[Sequence[Any]]:
    with _translated_errors(guard):
        yield from cursor


def _let_python_handle_signals() -> int:
    """SQLite calls this during a query, so that Python handles a signal such as Ctrl-C."""
    return 0


@contextmanager
def _translated_errors(guard: _Guard) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, sqlite3.Warning) as error:
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_INTERRUPT:
            raise KeyboardInterrupt from None
        if guard.refused is not None:
            raise QueryError(f"{guard.refused} is refused: a query can only read the log") from error
        if "bindings supplied" in str(error):
            raise QueryError("the SQL has parameters such as ? or :name; write values instead") from error
        if getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) == sqlite3.SQLITE_ERROR:
            raise QueryError(f"the SQL is wrong: {error}; {HELP}") from error
        raise QueryError(f"the database could not be read: {error}") from error
    except UnicodeEncodeError as error:
        raise QueryError("the SQL is wrong: it is not UTF-8") from error
