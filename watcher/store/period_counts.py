"""Counts of a period, made by SQLite: a million rows in a few passes."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Float, Select, case, func, literal_column, select

from watcher.store.database import Database
from watcher.store.period_values import Counted, FailureCount, ReviewedRow, SlowFile
from watcher.store.schema import results

MOST_REASONS = 20
MOST_SLOW = 10
MOST_REVIEWED = 2000
_SECONDS = literal_column("max((julianday(filed_at) - julianday(arrived_at)) * 86400, 0)", Float)
"""How long a file took; not less than nothing if the clock was set back meanwhile."""


class Period:
    """The rows decided from the stamp `since` on, and before `until`. Each query is its own transaction."""

    def __init__(self, database: Database, since: str, until: str) -> None:
        self._database = database
        self._within = (results.c.decided_at >= since, results.c.decided_at < until)

    def first(self) -> str | None:
        """When the first row was decided; None if there is none."""
        ((first,),) = self._ask(select(func.min(results.c.decided_at)).where(*self._within))
        return None if first is None else str(first)

    def counted(self, places: int, bands: Sequence[float]) -> list[Counted]:
        """Count the rows by the first `places` characters of their stamp, by status, digit and band.

        `bands` are the least certainties of the bands, rising.
        """
        reached = [(results.c.certainty >= low, number) for number, low in reversed(list(enumerate(bands)))]
        parts = (
            func.substr(results.c.decided_at, 1, places),
            results.c.status,
            results.c.digit,
            case(*reached, else_=None),
        )
        numbers: list[ColumnElement[int]] = [literal_column(str(number)) for number in range(1, 5)]
        rows = self._ask(select(*parts, func.count()).where(*self._within).group_by(*numbers))
        return [Counted(*row) for row in rows]

    def seconds(self) -> list[tuple[float, int]]:
        """Pairs of seconds and count, rising: how long files took from the inbox to their destinations."""
        seconds = func.round(_SECONDS, 3)
        rows = self._ask(
            select(seconds, func.count())
            .where(*self._within, results.c.filed_at.is_not(None))
            .group_by(literal_column("1"))
            .order_by(literal_column("1"))
        )
        return [(length, count) for length, count in rows]

    def slowest(self) -> list[SlowFile]:
        """The MOST_SLOW files that took longest."""
        columns = results.c
        rows = select(columns.name, columns.status, _SECONDS, columns.arrived_at)
        rows = rows.where(*self._within, columns.filed_at.is_not(None)).order_by(_SECONDS.desc())
        return [SlowFile(*row) for row in self._ask(rows.limit(MOST_SLOW))]

    def failures(self) -> list[FailureCount]:
        """Why files failed, the most frequent reason first."""
        columns, count = results.c, func.count()
        rows = select(
            columns.reason, count, columns.name, func.max(columns.decided_at)
        )  # SQLite: of that row
        rows = rows.where(*self._within, columns.status == "failed").group_by(columns.reason)
        return [
            FailureCount(*row)
            for row in self._ask(rows.order_by(count.desc(), columns.reason).limit(MOST_REASONS))
        ]

    def reviewed(self) -> list[ReviewedRow]:
        """The pictures that went to review, the least certain first."""
        columns = results.c
        rows = select(
            *(columns.claim, columns.name, columns.destination, columns.digit, columns.runner_up),
            *(columns.certainty, columns.reason, columns.decided_at),
        ).where(*self._within, columns.status == "review", columns.filed_at.is_not(None))
        return [
            ReviewedRow(*row)
            for row in self._ask(rows.order_by(columns.certainty, columns.id.desc()).limit(MOST_REVIEWED))
        ]

    def _ask(self, question: Select[Any]) -> Sequence[Any]:
        with self._database.transaction() as connection:
            return connection.execute(question).all()
