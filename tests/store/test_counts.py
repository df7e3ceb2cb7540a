"""The log in numbers: right, and from an index alone."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from helpers.new_database import new_database
from sqlalchemy import event

from watcher.store.counts import MOST_REASONS, Failures, ResultCounts, StatusCounts
from watcher.store.database import Database
from watcher.store.results import Decision, ResultsLog, Status
from watcher.store.timestamps import stamp

START = 1_700_000_000.0


def decision(number: int, status: Status, reason: str | None = None) -> Decision:
    at = stamp(START + number)
    return Decision(
        claim=f"claim-{number}",
        name=f"scan-{number}.png",
        sha256=None,
        status=status,
        destination=f"{status}/scan-{number}.png",
        arrived_at=at,
        decided_at=at,
        reason=reason,
    )


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A log of thirty pictures, one a second: filed, filed, review, failed, and so on."""
    with closing(new_database(tmp_path / "watcher.db")) as database:
        kinds: list[Status] = ["filed", "filed", "review", "failed"]
        ResultsLog(database).record(
            [
                decision(number, kinds[number % 4], f"reason {number % 3}" if number % 4 == 3 else None)
                for number in range(30)
            ]
        )
        yield database


def test_what_was_decided_at_a_time_or_later_is_counted(database: Database) -> None:
    tallies = ResultCounts(database)
    assert tallies.since(stamp(START)) == StatusCounts(filed=16, review=7, failed=7)
    assert tallies.since(stamp(START)).pictures == 30
    assert tallies.since(stamp(START + 26)) == StatusCounts(filed=2, review=1, failed=1)
    assert tallies.since(stamp(START + 30)) == StatusCounts()


def test_failures_are_reported_by_reason_the_most_frequent_first_with_the_newest(database: Database) -> None:
    assert ResultCounts(database).failures(stamp(START)) == [
        Failures("reason 0", 3, "scan-27.png"),
        Failures("reason 2", 2, "scan-23.png"),
        Failures("reason 1", 2, "scan-19.png"),
    ]
    assert ResultCounts(database).failures(stamp(START + 20)) == [
        Failures("reason 0", 1, "scan-27.png"),
        Failures("reason 2", 1, "scan-23.png"),
    ]


def test_of_many_reasons_the_most_frequent_are_reported(database: Database) -> None:
    ResultsLog(database).record([decision(100 + number, "failed", f"other {number}") for number in range(50)])
    assert len(ResultCounts(database).failures(stamp(START))) == MOST_REASONS


def test_counting_touches_an_index_alone(database: Database) -> None:
    asked: list[tuple[str, Any]] = []
    with database.transaction() as connection:
        engine = connection.engine

    @event.listens_for(engine, "before_cursor_execute")
    def _seen(_c: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: Any) -> None:
        asked.append((statement, parameters))

    ResultCounts(database).since(stamp(START))
    ResultCounts(database).failures(stamp(START))
    plans = []
    with database.transaction() as connection:
        for statement, parameters in asked.copy():
            if statement.startswith("SELECT"):
                plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
                plans.append(plan.all()[0].detail)
    counted, failed = plans
    assert counted == "SEARCH results USING COVERING INDEX ix_results_decided_at_status (decided_at>?)"
    assert failed == "SEARCH results USING INDEX ix_results_decided_at_status (decided_at>?)"
