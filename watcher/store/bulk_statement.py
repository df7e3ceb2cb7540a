"""A statement that is executed for many rows, by the database's driver directly."""

from collections.abc import Sequence
from functools import cache

from sqlalchemy import Connection, Delete, Dialect, Insert, Update


class BulkStatement:
    """A statement and the names of its parameters; each row holds the values in that order.

    It is compiled once. SQLAlchemy would process each row again, which takes longer than SQLite itself.
    """

    def __init__(self, statement: Insert | Update | Delete, names: Sequence[str]) -> None:
        self._statement = statement
        self._names = tuple(names)

    def execute(self, connection: Connection, rows: Sequence[Sequence[object]]) -> None:
        """Execute the statement once for each row."""
        if not rows:
            return
        sql, order = self._compiled(connection.dialect)
        if order is None:
            connection.exec_driver_sql(sql, [dict(zip(self._names, row, strict=True)) for row in rows])
        else:
            connection.exec_driver_sql(sql, [tuple([row[at] for at in order]) for row in rows])

    @cache  # noqa: B019 - the few instances live as long as the program
    def _compiled(self, dialect: Dialect) -> tuple[str, tuple[int, ...] | None]:
        """The SQL, and the order in which it takes a row's values; None if it takes them by name."""
        compiled = self._statement.compile(dialect=dialect, column_keys=self._names)
        order = compiled.positiontup
        return str(compiled), None if order is None else tuple(map(self._names.index, order))
