"""The log of results: what was decided about each picture, and when it was filed."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal

from sqlalchemy import (
    ColumnElement,
    Integer,
    Row,
    bindparam,
    delete,
    func,
    insert,
    literal_column,
    select,
    update,
)

from watcher.store.bulk_statement import BulkStatement
from watcher.store.database import Database
from watcher.store.schema import results
from watcher.text import name_as_text

ROWS_AT_ONCE = 1000
NEWEST = 2**63 - 1
Status = Literal["filed", "review", "failed"]


@dataclass(frozen=True, slots=True)
class Decision:
    """What is recorded about one claimed picture. Times are stamps (see `timestamps`)."""

    claim: str
    name: str
    sha256: str | None
    status: Status
    destination: str
    arrived_at: str
    decided_at: str
    digit: int | None = None
    certainty: float | None = None
    runner_up: int | None = None
    scores: tuple[float, ...] | None = None
    reason: str | None = None
    reference_version: int | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the log says about a decided claim."""

    claim: str
    status: Status
    destination: str
    reason: str | None
    sha256: str | None
    filed_at: str | None


@dataclass(frozen=True, slots=True)
class Query:
    """Which rows to select; a field that is None or empty selects all.

    `since` and `until` are stamps, `name` is a GLOB pattern. Ranges include their start, not their end.
    """

    digits: Sequence[int] = ()
    statuses: Sequence[Status] = ()
    since: str | None = None
    until: str | None = None
    certainty_from: float | None = None
    certainty_below: float | None = None
    name: str | None = None
    limit: int | None = None


COLUMNS = tuple(column.name for column in results.c if column.name != "claim")
"""The columns of a row that `query` gives, in order."""


# With the plus, SQLite finds a period by its index and does not go through all ids.
_ID: ColumnElement[int] = literal_column("+results.id", Integer)
_ENDS = select(func.min(_ID), func.max(_ID)).select_from(results)
_RECORDED = select(*(results.c[field.name] for field in fields(Recorded)))
_RECORD = BulkStatement(insert(results), [field.name for field in fields(Decision)])
_OF_CLAIM = results.c.claim == bindparam("of_claim")
_MARK_FILED = BulkStatement(
    update(results).where(_OF_CLAIM).values(filed_at=bindparam("at")), ["of_claim", "at"]
)
_FORGET = BulkStatement(delete(results).where(_OF_CLAIM, results.c.filed_at.is_(None)), ["of_claim"])


class ResultsLog:
    """The table `results`; one process at a time writes it, any number read it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(self, decisions: Sequence[Decision]) -> None:
        """Add a row for each decision, all or none. The database refuses a second row for a claim."""
        if decisions:
            with self._database.transaction() as connection:
                _RECORD.execute(connection, [_row(decision) for decision in decisions])

    def redirect(self, claim: str, destination: str) -> None:
        """Change a claim's destination, because another file has taken the name."""
        with self._database.transaction() as connection:
            connection.execute(
                update(results).where(results.c.claim == claim).values(destination=name_as_text(destination))
            )

    def mark_filed(self, claims: Sequence[str], filed_at: str) -> None:
        """Record that the files of these claims are at their destinations."""
        if claims:
            with self._database.transaction() as connection:
                _MARK_FILED.execute(connection, [(claim, filed_at) for claim in claims])

    def forget(self, claims: Sequence[str]) -> None:
        """Remove the unfiled rows of these claims: their files changed before they were filed."""
        if claims:
            with self._database.transaction() as connection:
                _FORGET.execute(connection, [(claim,) for claim in claims])

    def unfiled(self) -> list[Recorded]:
        """The rows that are decided but not marked filed: interrupted work."""
        with self._database.transaction() as connection:
            rows = connection.execute(_RECORDED.where(results.c.filed_at.is_(None)).order_by(results.c.id))
            return [Recorded(*row) for row in rows]

    def is_filed_at(self, destination: str) -> bool:
        """Whether the log says that a file was filed at this destination."""
        filed = results.c.filed_at.is_not(None)
        statement = select(results.c.id).where(results.c.destination == destination, filed).limit(1)
        with self._database.transaction() as connection:
            return connection.execute(statement).first() is not None

    def recorded(self, claims: Iterable[str]) -> dict[str, Recorded]:
        """What was decided about these claims, by claim; claims without a row are left out."""
        statement = _RECORDED.where(_OF_CLAIM)
        with self._database.transaction() as connection:
            rows = (connection.execute(statement, {"of_claim": claim}).one_or_none() for claim in claims)
            return {row.claim: Recorded(*row) for row in rows if row is not None}

    def query(self, query: Query) -> Iterator[Row[Any]]:
        """The selected rows, newest first, each with COLUMNS.

        They are read in steps: a slow reader blocks nobody and does not make SQLite's log grow. Rows that are
        added meanwhile are left out.
        """
        first, last = self._ends(query)
        columns = [results.c[name] for name in COLUMNS]
        within = results.c.id.between(first, bindparam("before"))
        statement = select(*columns).where(*_wanted(query), within).order_by(results.c.id.desc())
        before, left = last, query.limit
        while left is None or left > 0:
            step = ROWS_AT_ONCE if left is None else min(left, ROWS_AT_ONCE)
            with self._database.transaction() as connection:
                rows = connection.execute(statement.limit(step), {"before": before}).all()
            yield from rows
            if len(rows) < step:
                return
            before = rows[-1].id - 1
            left = None if left is None else left - step

    def _ends(self, query: Query) -> tuple[int, int]:
        """The first and last id of the rows of a period."""
        period = _period(query)
        if not period:
            return 0, NEWEST
        with self._database.transaction() as connection:
            ends = connection.execute(_ENDS.where(*period)).one()
        return (0, -1) if None in ends else (ends[0], ends[1])

    def count(self, query: Query) -> int:
        """The number of rows that `query` would give now."""
        with self._database.transaction() as connection:
            count: int = connection.execute(
                select(func.count()).select_from(results).where(*_wanted(query))
            ).scalar_one()
        return count if query.limit is None else min(count, query.limit)


def _row(decision: Decision) -> tuple[object, ...]:
    """The values of a decision's row in `results`, in the order of its fields."""
    return (
        decision.claim,
        name_as_text(decision.name),
        decision.sha256,
        decision.status,
        name_as_text(decision.destination),
        decision.arrived_at,
        decision.decided_at,
        decision.digit,
        decision.certainty,
        decision.runner_up,
        None if decision.scores is None else _as_json(list(decision.scores)),
        decision.reason,
        decision.reference_version,
    )


def _as_json(numbers: list[float]) -> str:
    """A list of numbers in JSON. Python's own form is JSON, except for nan and inf, which json refuses."""
    text = repr(numbers)
    return text if "n" not in text else json.dumps(numbers, allow_nan=False)


def _period(query: Query) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = []
    if query.since is not None:
        wanted.append(results.c.decided_at >= query.since)
    if query.until is not None:
        wanted.append(results.c.decided_at < query.until)
    return wanted


def _wanted(query: Query) -> list[ColumnElement[bool]]:
    wanted = _period(query)
    if query.digits:
        wanted.append(results.c.digit.in_(query.digits))
    if query.statuses:
        wanted.append(results.c.status.in_(query.statuses))
    if query.certainty_from is not None:
        wanted.append(results.c.certainty >= query.certainty_from)
    if query.certainty_below is not None:
        wanted.append(results.c.certainty < query.certainty_below)
    if query.name is not None:
        wanted.append(results.c.name.op("GLOB")(query.name))
    return wanted
