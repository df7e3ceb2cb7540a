"""The views for people: they agree with the rows, and every column is explained."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from helpers.older_databases import content, make_older
from sqlalchemy import MetaData, Table

from watcher.store.database import Database, open_database
from watcher.store.results import Decision, ResultsLog, Status
from watcher.store.schema import metadata
from watcher.store.views import metadata as views


def decision(name: str, at: str, status: Status, digit: int | None, certainty: float | None) -> Decision:
    return Decision(
        claim=f"batch/{name}",
        name=name,
        sha256=name * 8,
        status=status,
        destination=f"{digit if status == 'filed' else status}/{name}",
        arrived_at=f"2026-11-{at}:00.000000Z",
        decided_at=f"2026-11-{at}:01.000000Z",
        digit=digit,
        certainty=certainty,
        reason=None if status == "filed" else f"because of {name}",
    )


@pytest.fixture
def log(file: Path, database: Database) -> Iterator[sqlite3.Connection]:
    results = ResultsLog(database)
    results.record(
        [
            decision("a", "24T23:59", "filed", 7, 0.99),
            decision("b", "25T00:00", "filed", 7, 0.98),
            decision("c", "25T00:10", "review", 3, 0.5),
            decision("d", "25T00:20", "failed", None, None),
            decision("e", "25T04:00", "review", 1, 0.25),
            decision("f", "25T04:30", "failed", None, None),
        ]
    )
    results.mark_filed(["batch/a", "batch/b", "batch/d"], "2026-11-25T00:20:02.500000Z")
    with closing(sqlite3.connect(file)) as connection:
        connection.row_factory = sqlite3.Row
        yield connection


def rows(log: sqlite3.Connection, query: str) -> list[dict[str, Any]]:
    return [dict(row) for row in log.execute(query)]


def test_each_day_has_its_figures_the_newest_first(log: sqlite3.Connection) -> None:
    newest, before = rows(log, "SELECT * FROM daily")
    assert (newest["day"], before["day"]) == ("2026-11-25", "2026-11-24")
    counts = {name: newest[name] for name in ("files", "filed", "review", "failed", "review_share")}
    assert counts == {"files": 5, "filed": 1, "review": 2, "failed": 2, "review_share": 0.4}
    assert newest["certainty"] == round((0.98 + 0.5 + 0.25) / 3, 4)
    assert (newest["seconds"], newest["slowest"]) == ((1202.5 + 2.5) / 2, 1202.5)
    assert [newest[f"filed_{digit}"] for digit in range(10)] == [0, 0, 0, 0, 0, 0, 0, 1, 0, 0]


@pytest.fixture
def far_east(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Local time is thirteen hours ahead of UTC."""
    monkeypatch.setenv("TZ", "EAST-13")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("far_east")
def test_a_day_begins_at_midnight_local_time(log: sqlite3.Connection) -> None:
    log.execute("UPDATE results SET decided_at = '2026-11-25T11:00:00.000000Z' WHERE name = 'f'")
    days = rows(log, "SELECT day, files FROM daily")
    assert days == [{"day": "2026-11-26", "files": 1}, {"day": "2026-11-25", "files": 5}]


@pytest.mark.usefixtures("far_east")
def test_an_older_database_counts_local_days_after_its_upgrade(tmp_path: Path) -> None:
    file = tmp_path / "older.db"
    make_older(file, "0004", rows=20)
    before = content(file)
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE results SET decided_at = '2026-01-09T11:00:00.000000Z'")
        changed = "SELECT day, files FROM daily"
        assert connection.execute(changed).fetchall() == [("2026-01-09", 20)]
    upgrades: list[object] = []
    open_database(file, upgraded=upgrades.append).close()
    assert len(upgrades) == 1
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute(changed).fetchall() == [("2026-01-10", 20)]
    assert content(file).keys() == before.keys()


def test_each_hour_has_its_figures_the_newest_first(log: sqlite3.Connection) -> None:
    hours = rows(log, "SELECT hour, files, review, seconds FROM hourly")
    assert hours == [
        {"hour": "2026-11-25T04:00Z", "files": 2, "review": 1, "seconds": None},
        {"hour": "2026-11-25T00:00Z", "files": 3, "review": 1, "seconds": 602.5},
        {"hour": "2026-11-24T23:00Z", "files": 1, "review": 0, "seconds": 1262.5},
    ]


def test_what_is_to_be_reviewed_comes_with_the_most_doubtful_first(log: sqlite3.Connection) -> None:
    assert [row["name"] for row in rows(log, "SELECT * FROM to_review")] == ["e", "c"]


def test_failures_come_with_their_reasons_the_newest_first(log: sqlite3.Connection) -> None:
    found = rows(log, "SELECT name, reason FROM failures")
    assert found == [
        {"name": "f", "reason": "because of f"},
        {"name": "d", "reason": "because of d"},
    ]


@pytest.mark.parametrize("described", [metadata, views])
def test_every_table_view_and_column_is_explained(described: MetaData) -> None:
    tables = list(described.tables.values())
    assert len(tables) >= 4
    for table in tables:
        assert table.comment
        assert all(column.comment for column in table.c), table.name


@pytest.mark.parametrize("view", views.sorted_tables, ids=lambda view: view.name)
def test_a_view_has_the_columns_that_are_explained(log: sqlite3.Connection, view: Table) -> None:
    given = [column[0] for column in log.execute(f"SELECT * FROM {view.name}").description]
    assert given == [column.name for column in view.c]


def test_there_is_no_view_that_is_not_explained(log: sqlite3.Connection) -> None:
    made = {row["name"] for row in log.execute("SELECT name FROM sqlite_schema WHERE type = 'view'")}
    assert made == set(views.tables)
