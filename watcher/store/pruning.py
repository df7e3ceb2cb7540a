"""Old rows taken out of the log, a few at a time; their files' checksums are kept, to know the files by."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Table, delete, func, insert, select

from watcher.store.database import Database
from watcher.store.schema import pruned_results, results, retried_results

IDS_AT_ONCE = 500
"""The ids that one transaction looks at; it holds up a daemon for a few milliseconds."""


@dataclass(frozen=True, slots=True)
class Old:
    """The rows of a table that were done with before a moment: how many, and between which ids."""

    count: int = 0
    first: int = 0
    last: int = -1


@dataclass(frozen=True, slots=True)
class Prunable:
    """What was done with `before` a stamp: files filed, and failed ones put back; `oldest` is a stamp, too.

    `kept` are rows of files that nobody could read: nothing would tell these files afterwards.
    """

    before: str
    results: Old
    retried: Old
    kept: int
    oldest: str | None

    @property
    def count(self) -> int:
        """How many rows that is."""
        return self.results.count + self.retried.count


def prunable(database: Database, before: str) -> Prunable:
    """What `prune` would take out."""
    read, unread = results.c.sha256.is_not(None), results.c.sha256.is_(None)
    filed, put_back = results.c.filed_at < before, retried_results.c.put_back_at < before
    with database.transaction() as connection:
        kept = connection.execute(select(func.count()).select_from(results).where(filed, unread)).scalar_one()
        oldest = connection.execute(select(func.min(results.c.filed_at)).where(filed, read)).scalar()
    return Prunable(
        before, _old(database, results, filed & read), _old(database, retried_results, put_back), kept, oldest
    )


def prune(database: Database, found: Prunable) -> Iterator[int]:
    """Take it out; yields, for each step, how many rows are gone.

    A step is a transaction of its own, and whoever asks for the next one lets others write in between. What
    is not filed yet is never touched: its time is NULL, which is never less.
    """
    read = results.c.sha256.is_not(None)
    yield from _take(database, results, found.results, (results.c.filed_at < found.before) & read)
    yield from _take(database, retried_results, found.retried, retried_results.c.put_back_at < found.before)


def was_pruned(database: Database, sha256: str) -> bool:
    """Whether the row of a file with this content was taken out of the log."""
    statement = select(pruned_results.c.sha256).where(pruned_results.c.sha256 == bytes.fromhex(sha256))
    with database.transaction() as connection:
        return connection.execute(statement).first() is not None


def _old(database: Database, table: Table, old: ColumnElement[bool]) -> Old:
    ends = select(func.count(), func.min(table.c.id), func.max(table.c.id)).where(old)
    with database.transaction() as connection:
        count, first, last = connection.execute(ends).one()
    return Old(count, first, last) if count else Old()


def _take(database: Database, table: Table, rows: Old, old: ColumnElement[bool]) -> Iterator[int]:
    note = insert(pruned_results).prefix_with("OR IGNORE")
    for first in range(rows.first, rows.last + 1, IDS_AT_ONCE):
        within = table.c.id.between(first, min(first + IDS_AT_ONCE - 1, rows.last))
        with database.transaction() as connection:
            found = connection.execute(select(table.c.id, table.c.sha256).where(within, old)).all()
            if table is results and found:
                connection.execute(note, [{"sha256": bytes.fromhex(row.sha256)} for row in found])
            connection.execute(delete(table).where(table.c.id.in_([row.id for row in found])))
        if found:
            yield len(found)
