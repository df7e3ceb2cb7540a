"""Which files the program filed under a digit itself, known by their content."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import bindparam, select

from watcher.store.database import Database
from watcher.store.schema import pruned_results, results

ROWS_AT_ONCE = 2000
CHECKSUMS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class OwnAnswers:
    """What the log says about files with given checksums.

    `filed`: (checksum, digit) of those that were filed under this digit. `pruned`: checksums whose rows were
    pruned, so that nobody can say any more what was answered.
    """

    filed: frozenset[tuple[str, int]]
    pruned: frozenset[str]


def own_answers(database: Database, checksums: Iterable[str]) -> OwnAnswers:
    """What the program answered for the files with these SHA-256 checksums (hex)."""
    wanted = frozenset(checksums)
    if not wanted:
        return OwnAnswers(frozenset(), frozenset())
    return OwnAnswers(_filed(database, wanted), _pruned(database, wanted))


def _filed(database: Database, wanted: frozenset[str]) -> frozenset[tuple[str, int]]:
    """Read all rows once, in steps, so that a long log holds up no daemon."""
    columns = results.c
    statement = select(columns.id, columns.sha256, columns.digit)
    statement = statement.where(columns.id > bindparam("after"), columns.status == "filed")
    statement = statement.order_by(columns.id).limit(ROWS_AT_ONCE)
    found: set[tuple[str, int]] = set()
    after = 0
    while True:
        with database.transaction() as connection:
            rows = connection.execute(statement, {"after": after}).all()
        found.update((checksum, digit) for _, checksum, digit in rows if checksum in wanted)
        if len(rows) < ROWS_AT_ONCE:
            return frozenset(found)
        after = rows[-1].id


def _pruned(database: Database, wanted: frozenset[str]) -> frozenset[str]:
    checksums = sorted(map(bytes.fromhex, wanted))
    column = pruned_results.c.sha256
    found: set[str] = set()
    for at in range(0, len(checksums), CHECKSUMS_AT_ONCE):
        statement = select(column).where(column.in_(checksums[at : at + CHECKSUMS_AT_ONCE]))
        with database.transaction() as connection:
            found.update(checksum.hex() for checksum in connection.execute(statement).scalars())
    return frozenset(found)
