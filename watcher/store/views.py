"""The views for people who query the log, and what each column means. The migrations hold their SQL.

The program itself uses none of them.
"""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import REAL, Column, Integer, MetaData, Table, Text

from watcher.store.schema import results

metadata = MetaData()
"""Separate from the tables' metadata: nothing here is created or compared as a table."""


def _counted(period: Column[Any]) -> Iterator[Column[Any]]:
    yield period
    yield Column("files", Integer, comment="how many files were decided")
    yield Column("filed", Integer, comment="how many of them were filed under their digit")
    yield Column("review", Integer, comment="how many went to review")
    yield Column("failed", Integer, comment="how many failed")
    yield Column("review_share", REAL, comment="review as a share of files, 0 to 1")
    yield Column("certainty", REAL, comment="mean certainty, 0 to 1, of those that have one")
    yield Column("seconds", REAL, comment="mean time from arrived_at to filed_at, in seconds")
    yield Column("slowest", REAL, comment="longest time from arrived_at to filed_at, in seconds")
    for digit in range(10):
        yield Column(f"filed_{digit}", Integer, comment=f"how many were filed under {digit}")


def _of_results(*names: str) -> Iterator[Column[Any]]:
    for name in names:
        yield Column(name, results.c[name].type, comment=results.c[name].comment)


daily = Table(
    "daily",
    metadata,
    *_counted(Column("day", Text, comment="in local time, such as 2026-11-25")),
    comment="the log in numbers: a row for each day, newest first",
)

hourly = Table(
    "hourly",
    metadata,
    *_counted(Column("hour", Text, comment="UTC, such as 2026-11-25T14:00Z")),
    comment="the log in numbers: a row for each hour, newest first",
)

to_review = Table(
    "to_review",
    metadata,
    *_of_results("id", "name", "digit", "certainty", "runner_up", "reason", "destination", "decided_at"),
    comment="what went to review, least certain first; a person may have moved the files since",
)

failures = Table(
    "failures",
    metadata,
    *_of_results("id", "name", "reason", "destination", "decided_at", "sha256"),
    comment="what failed and why, newest first",
)
