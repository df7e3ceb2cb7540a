"""How many pictures came to what since when, counted from an index: quick in a log of millions."""

from dataclasses import dataclass

from sqlalchemy import func, select

from watcher.store.database import Database
from watcher.store.schema import results

MOST_REASONS = 20


@dataclass(frozen=True, slots=True)
class StatusCounts:
    """How many pictures were decided to be filed, to go to review, and to have failed."""

    filed: int = 0
    review: int = 0
    failed: int = 0

    @property
    def pictures(self) -> int:
        """All of them."""
        return self.filed + self.review + self.failed


@dataclass(frozen=True, slots=True)
class Failures:
    """How many pictures failed for one reason, and the name of the newest."""

    reason: str
    pictures: int
    newest: str


class ResultCounts:
    """What the log says in numbers; `since` is a stamp."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def since(self, since: str) -> StatusCounts:
        """What was decided at that time or later."""
        counts = {
            status: func.count().filter(results.c.status == status)
            for status in ("filed", "review", "failed")
        }
        statement = select(*counts.values()).where(results.c.decided_at >= since)
        with self._database.transaction() as connection:
            return StatusCounts(**dict(zip(counts, connection.execute(statement).one(), strict=True)))

    def failures(self, since: str) -> list[Failures]:
        """Why pictures failed since, the most frequent reason first; MOST_REASONS at most."""
        count, newest = func.count(), func.max(results.c.decided_at)
        statement = (
            # SQLite gives the name of the row that holds the maximum.
            select(results.c.reason, count, results.c.name, newest)
            .where(results.c.status == "failed", results.c.decided_at >= since)
            .group_by(results.c.reason)
            .order_by(count.desc(), newest.desc())
            .limit(MOST_REASONS)
        )
        with self._database.transaction() as connection:
            return [
                Failures(reason or "", number, name)
                for reason, number, name, _ in connection.execute(statement)
            ]
