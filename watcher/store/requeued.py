"""Requeued results: rows of files that were put back move from the log to a history."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any, Literal

from sqlalchemy import Select, Table, bindparam, delete, func, insert, literal, null, select, update

from watcher.store.database import Database
from watcher.store.schema import results, retried_results
from watcher.store.timestamps import stamp


@dataclass(frozen=True, slots=True)
class RequeuedResult:
    """A result whose file may be put back, as it is recorded."""

    id: int
    claim: str
    name: str
    status: str
    destination: str
    reason: str | None
    filed_at: str | None


class RequeuedResults:
    """Moves rows from `results` to `retried_results`. For one process at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of_status(self, status: Literal["failed", "review"]) -> list[int]:
        """The ids of all results with this status whose files were filed, oldest first.

        If several were filed at one place, one after the other, only the newest is given.
        """
        columns = results.c
        wanted = select(func.max(columns.id).label("newest"))
        wanted = wanted.where(columns.status == status, columns.filed_at.is_not(None))
        with self._database.transaction() as connection:
            return list(connection.execute(wanted.group_by(columns.destination).order_by("newest")).scalars())

    def find(self, number: int) -> RequeuedResult | None:
        """The result with this id; None if the log has none."""
        with self._database.transaction() as connection:
            row = connection.execute(_of(results).where(results.c.id == number)).one_or_none()
        return None if row is None else RequeuedResult(*row)

    def newest_at(self, destinations: Iterable[str]) -> dict[str, int]:
        """The id of the newest result at each of these destinations."""
        columns = results.c
        wanted = select(columns.destination, func.max(columns.id).label("newest")).group_by(
            columns.destination
        )
        with self._database.transaction() as connection:
            found = connection.execute(
                wanted.where(columns.destination.in_(list(destinations))).group_by(columns.destination)
            )
            return {row.destination: row.newest for row in found}

    def put_back_at(self, number: int) -> str | None:
        """When the file of this result was put back; None if it never was."""
        column = retried_results.c.put_back_at
        with self._database.transaction() as connection:
            at: str | None = connection.execute(select(column).where(retried_results.c.id == number)).scalar()
        return at

    def begun(self) -> list[RequeuedResult]:
        """Rows that have left the log, whose files are not put back yet."""
        with self._database.transaction() as connection:
            rows = connection.execute(_of(retried_results).where(retried_results.c.put_back_at.is_(None)))
            return [RequeuedResult(*row) for row in rows]

    def begin(self, ids: Iterable[int]) -> None:
        """Move rows from the log to the history."""
        columns = [column.name for column in results.c]
        copied = select(*(results.c[name] for name in columns), literal(stamp(time.time())), null())
        of_id = results.c.id == bindparam("of_id")
        into = insert(retried_results).from_select(
            [*columns, "retried_at", "put_back_at"], copied.where(of_id)
        )
        with self._database.transaction() as connection:
            for number in ids:
                connection.execute(into, {"of_id": number})
                connection.execute(delete(results).where(of_id), {"of_id": number})

    def end(self, ids: Iterable[int]) -> None:
        """Record that the files of these rows lie in the inbox."""
        columns = retried_results.c
        statement = update(retried_results).where(columns.id == bindparam("of_id"))
        with self._database.transaction() as connection:
            for number in ids:
                connection.execute(statement.values(put_back_at=stamp(time.time())), {"of_id": number})

    def undo(self, ids: Iterable[int]) -> None:
        """Move rows back to the log: their files are still in the outbox."""
        of_id = retried_results.c.id == bindparam("of_id")
        columns = results.c.keys()
        copied = select(*(retried_results.c[name] for name in columns)).where(of_id)
        with self._database.transaction() as connection:
            for number in ids:
                connection.execute(insert(results).from_select(columns, copied), {"of_id": number})
                connection.execute(delete(retried_results).where(of_id), {"of_id": number})


def _of(table: Table) -> Select[Any]:
    return select(*(table.c[field.name] for field in fields(RequeuedResult))).order_by(table.c.id)
