"""Count pictures by status in a span of time, from an index: fast in a log of millions of rows."""

from dataclasses import dataclass

from sqlalchemy import func, select

from watcher.store.database import Database
from watcher.store.schema import results

MOST_REASONS = 20


@dataclass(frozen=True, slots=True)
class StatusCounts:
    """How many pictures were filed, went to review and failed."""

    filed: int = 0
    review: int = 0
    failed: int = 0

    @property
    def pictures(self) -> int:
        """The sum of the three."""
        return self.filed + self.review + self.failed


@dataclass(frozen=True, slots=True)
class Failures:
    """A reason, how many pictures failed for it, and the name of the newest."""

    reason: str
    pictures: int
    newest: str


@dataclass(frozen=True, slots=True)
class FutureRows:
    """How many rows were decided after a given time, and the stamp of the last."""

    rows: int
    newest: str | None


class ResultCounts:
    """Counts rows of the log. `since` and `until` are stamps; both belong to the span."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def between(self, since: str, until: str) -> StatusCounts:
        """The pictures decided in a span."""
        counts = {
            status: func.count().filter(results.c.status == status)
            for status in ("filed", "review", "failed")
        }
        statement = select(*counts.values()).where(results.c.decided_at.between(since, until))
        with self._database.transaction() as connection:
            return StatusCounts(**dict(zip(counts, connection.execute(statement).one(), strict=True)))

    def after(self, moment: str) -> FutureRows:
        """The pictures decided after a time. If that is now, the clock was ahead when they were decided."""
        count, newest = func.count(), func.max(results.c.decided_at)
        with self._database.transaction() as connection:
            row = connection.execute(select(count, newest).where(results.c.decided_at > moment)).one()
        return FutureRows(*row)

    def failures(self, since: str, until: str) -> list[Failures]:
        """Why pictures failed in a span, the most frequent reason first; at most MOST_REASONS."""
        count, newest = func.count(), func.max(results.c.decided_at)
        statement = (
            # SQLite takes the name from the row with the maximum.
            select(results.c.reason, count, results.c.name, newest)
            .where(results.c.status == "failed", results.c.decided_at.between(since, until))
            .group_by(results.c.reason)
            .order_by(count.desc(), newest.desc())
            .limit(MOST_REASONS)
        )
        with self._database.transaction() as connection:
            return [
                Failures(reason or "", number, name)
                for reason, number, name, _ in connection.execute(statement)
            ]
