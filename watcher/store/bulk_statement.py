"""One statement for many rows, handed to the database's driver as it is."""

from collections.abc import Sequence
from functools import cache

from sqlalchemy import Connection, Delete, Dialect, Insert, Update


class BulkStatement:
    """A statement with these parameters, by their names; each row holds their values in this order.

    It is compiled once. SQLAlchemy would take each row to pieces again, which costs more than SQLite does.
    """

    def __init__(self, statement: Insert | Update | Delete, names: Sequence[str]) -> None:
        self._statement = statement
        self._names = tuple(names)

    def execute(self, connection: Connection, rows: Sequence[Sequence[object]]) -> None:
        """Execute it once for each row."""
        if not rows:
            return
        sql, order = self._compiled(connection.dialect)
        if order is None:
            connection.exec_driver_sql(sql, [dict(zip(self._names, row, strict=True)) for row in rows])
        else:
            connection.exec_driver_sql(sql, [tuple([row[at] for at in order]) for row in rows])

    @cache  # noqa: B019 - the few there are live as long as the program
    def _compiled(self, dialect: Dialect) -> tuple[str, tuple[int, ...] | None]:
        """The SQL, and which of a row's values it takes in turn; None where it takes them by name."""
        compiled = self._statement.compile(dialect=dialect, column_keys=self._names)
        turns = compiled.positiontup
        return str(compiled), None if turns is None else tuple(map(self._names.index, turns))
