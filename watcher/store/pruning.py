"""Remove old rows from the log, a few at a time; their files' checksums are kept to recognize the files."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Table, delete, func, insert, select

from watcher.store.database import Database
from watcher.store.schema import pruned_results, results, retried_results

IDS_AT_ONCE = 500
"""The ids that one transaction covers; it delays a daemon by a few milliseconds."""


@dataclass(frozen=True, slots=True)
class OldRows:
    """The rows of a table that were finished before a given time: how many, and between which ids."""

    count: int = 0
    first: int = 0
    last: int = -1


@dataclass(frozen=True, slots=True)
class Prunable:
    """The rows that `prune` removes: of files filed, and of failed files put back, before a time.

    `before` and `oldest` are stamps. `kept` is the number of rows that stay because their files could not be
    read: without a checksum, nothing would recognize these files.
    """

    before: str
    results: OldRows
    requeued: OldRows
    kept: int
    oldest: str | None

    @property
    def count(self) -> int:
        """The number of rows to remove."""
        return self.results.count + self.requeued.count


def prunable(database: Database, before: str) -> Prunable:
    """The rows that `prune` would remove."""
    read, unread = results.c.sha256.is_not(None), results.c.sha256.is_(None)
    filed, put_back = results.c.filed_at < before, retried_results.c.put_back_at < before
    with database.transaction() as connection:
        kept = connection.execute(select(func.count()).select_from(results).where(filed, unread)).scalar_one()
        oldest = connection.execute(select(func.min(results.c.filed_at)).where(filed, read)).scalar()
    return Prunable(
        before,
        _old_rows(database, results, filed & read),
        _old_rows(database, retried_results, put_back),
        kept,
        oldest,
    )


def prune(database: Database, found: Prunable) -> Iterator[int]:
    """Remove these rows in steps; yields the number of rows that each step removed.

    Each step is a transaction of its own, and others can write between two steps. A row that is not filed yet
    is never removed: its time is NULL, which no comparison matches.
    """
    read = results.c.sha256.is_not(None)
    yield from _remove(database, results, found.results, (results.c.filed_at < found.before) & read)
    put_back = retried_results.c.put_back_at < found.before
    yield from _remove(database, retried_results, found.requeued, put_back)


def was_pruned(database: Database, sha256: str) -> bool:
    """Whether the row of a file with this content was pruned."""
    statement = select(pruned_results.c.sha256).where(pruned_results.c.sha256 == bytes.fromhex(sha256))
    with database.transaction() as connection:
        return connection.execute(statement).first() is not None


def _old_rows(database: Database, table: Table, old: ColumnElement[bool]) -> OldRows:
    ends = select(func.count(), func.min(table.c.id), func.max(table.c.id)).where(old)
    with database.transaction() as connection:
        count, first, last = connection.execute(ends).one()
    return OldRows(count, first, last) if count else OldRows()


def _remove(database: Database, table: Table, rows: OldRows, old: ColumnElement[bool]) -> Iterator[int]:
    keep_checksum = insert(pruned_results).prefix_with("OR IGNORE")
    for first in range(rows.first, rows.last + 1, IDS_AT_ONCE):
        within = table.c.id.between(first, min(first + IDS_AT_ONCE - 1, rows.last))
        with database.transaction() as connection:
            found = connection.execute(select(table.c.id, table.c.sha256).where(within, old)).all()
            if table is results and found:
                connection.execute(keep_checksum, [{"sha256": bytes.fromhex(row.sha256)} for row in found])
            connection.execute(delete(table).where(table.c.id.in_([row.id for row in found])))
        if found:
            yield len(found)
