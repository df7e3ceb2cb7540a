"""Where the log says each file is, read in steps, so that a long read blocks nobody."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, fields

from sqlalchemy import bindparam, func, select

from watcher.store.database import Database
from watcher.store.schema import results

ROWS_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class LoggedFile:
    """A row of the log, as far as it concerns the file's place. Times are stamps (see `timestamps`)."""

    id: int
    claim: str
    sha256: str | None
    status: str
    destination: str
    reason: str | None
    decided_at: str
    filed_at: str | None

    @property
    def explanation(self) -> str | None:
        """The text of the file's `NAME.reason.txt`; None if the file has none."""
        return self.reason if self.status == "failed" else None


_SELECTED = select(*(results.c[field.name] for field in fields(LoggedFile)))


def count_logged_files(database: Database) -> int:
    """The number of rows."""
    with database.transaction() as connection:
        return connection.execute(select(func.count()).select_from(results)).scalar_one()


def logged_files(database: Database) -> Iterator[list[LoggedFile]]:
    """All rows, newest first, ROWS_AT_ONCE at a time."""
    statement = _SELECTED.where(results.c.id < bindparam("before"))
    statement = statement.order_by(results.c.id.desc()).limit(ROWS_AT_ONCE)
    before = 2**63 - 1
    while True:
        with database.transaction() as connection:
            some = [LoggedFile(*row) for row in connection.execute(statement, {"before": before})]
        if not some:
            return
        yield some
        before = some[-1].id


def logged_file(database: Database, row: int) -> LoggedFile | None:
    """The row with this id as it is now; None if there is none."""
    with database.transaction() as connection:
        found = connection.execute(_SELECTED.where(results.c.id == row)).one_or_none()
    return None if found is None else LoggedFile(*found)


def logged_files_of(database: Database, claims: Collection[str]) -> dict[str, LoggedFile]:
    """The rows of these claims, by claim."""
    statement = _SELECTED.where(results.c.claim.in_(claims))
    with database.transaction() as connection:
        return {found.claim: found for found in (LoggedFile(*row) for row in connection.execute(statement))}
