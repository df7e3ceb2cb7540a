"""The log of results: all or nothing, each claim once, and selected by any combination of filters."""

import itertools
import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, replace
from fnmatch import fnmatchcase
from typing import Any, get_args

import pytest
from helpers.new_database import new_database
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Row

from watcher.store.database import Database, DatabaseError
from watcher.store.results import COLUMNS, Decision, Query, Recorded, ResultsLog, Status
from watcher.store.timestamps import stamp

DECISION = Decision(
    claim="c",
    name="scan.png",
    sha256="0" * 64,
    status="filed",
    destination="7/scan.png",
    arrived_at=stamp(1),
    decided_at=stamp(2),
    digit=7,
    certainty=0.99,
    runner_up=1,
    scores=(0.0, 0.25, *(0.5,) * 8),
    reference_version=1,
)
STATUSES: tuple[Status, ...] = get_args(Status)
NAMES = ("scan.png", "scan-1.png", "Scan.png", "form_7.jpg", "a*b", "七.png")
CERTAINTIES = (0.0, 0.5, 0.9, 1.0, None)


@pytest.fixture
def log(database: Database) -> ResultsLog:
    return ResultsLog(database)


def rows(log: ResultsLog) -> list[Row[Any]]:
    return list(log.query(Query()))


def test_a_row_holds_what_was_decided(log: ResultsLog) -> None:
    log.record([DECISION])
    [row] = rows(log)
    assert tuple(row._fields) == COLUMNS
    assert json.loads(row.scores) == list(DECISION.scores or ())
    assert row._asdict() == {
        "id": 1,
        "name": "scan.png",
        "sha256": "0" * 64,
        "digit": 7,
        "certainty": 0.99,
        "runner_up": 1,
        "scores": row.scores,
        "status": "filed",
        "reason": None,
        "destination": "7/scan.png",
        "arrived_at": stamp(1),
        "decided_at": stamp(2),
        "filed_at": None,
        "reference_version": 1,
    }


def test_what_is_unreadable_has_a_reason_and_no_numbers(log: ResultsLog) -> None:
    failed = replace(DECISION, status="failed", digit=None, certainty=None, runner_up=None, scores=None)
    log.record([replace(failed, sha256=None, reason="it is empty")])
    [row] = rows(log)
    assert (row.digit, row.certainty, row.runner_up, row.scores, row.sha256) == (None,) * 5
    assert (row.status, row.reason) == ("failed", "it is empty")


def test_a_name_of_any_bytes_is_kept_readable(log: ResultsLog) -> None:
    log.record([replace(DECISION, name="sc\udce4n\n.png", destination="7/sc\udce4n\n.png")])
    [row] = rows(log)
    assert (row.name, row.destination) == ("sc\\xe4n\n.png", "7/sc\\xe4n\n.png")


def test_decisions_are_recorded_all_or_none(log: ResultsLog) -> None:
    log.record([DECISION])
    with pytest.raises(DatabaseError, match="UNIQUE"):
        log.record([replace(DECISION, claim="new"), replace(DECISION, status="review")])
    assert [row.status for row in rows(log)] == ["filed"]
    assert log.recorded(["new"]) == {}


@pytest.mark.parametrize(
    "wrong",
    [
        {"digit": 10},
        {"digit": -1},
        {"runner_up": 10},
        {"certainty": 1.01},
        {"certainty": -0.01},
        {"status": "lost"},
        {"name": None},
        {"destination": None},
    ],
)
def test_the_database_refuses_what_cannot_be(database: Database, wrong: dict[str, Any]) -> None:
    values = {**asdict(DECISION), "scores": None, **wrong}
    names = ", ".join(values)
    marks = ", ".join("?" * len(values))
    with pytest.raises(DatabaseError, match="constraint failed"), database.transaction() as connection:
        connection.exec_driver_sql(f"INSERT INTO results ({names}) VALUES ({marks})", tuple(values.values()))
    assert rows(ResultsLog(database)) == []


def test_scores_that_are_no_numbers_are_refused(log: ResultsLog) -> None:
    with pytest.raises(ValueError, match="JSON"):
        log.record([replace(DECISION, scores=(float("nan"),) * 10)])
    assert rows(log) == []


def test_a_claim_is_known_from_when_it_was_decided(log: ResultsLog) -> None:
    log.record([replace(DECISION, claim=claim) for claim in "abc"])
    log.mark_filed(["a"], stamp(3))
    known = log.recorded(["a", "b", "x"])
    assert {claim: row.filed_at for claim, row in known.items()} == {"a": stamp(3), "b": None}
    assert log.recorded([]) == {}


def test_what_was_decided_and_not_filed_is_reported_with_where_it_goes(log: ResultsLog) -> None:
    assert log.unfiled() == []
    log.record([replace(DECISION, claim=claim) for claim in "abc"])
    log.record([replace(DECISION, claim="d", status="failed", destination="failed/x", reason="it is empty")])
    log.mark_filed(["a", "c", "no such claim"], stamp(3))
    log.redirect("b", "7/scan-1.png")
    assert log.unfiled() == [
        Recorded("b", "filed", "7/scan-1.png", None, DECISION.sha256, None),
        Recorded("d", "failed", "failed/x", "it is empty", DECISION.sha256, None),
    ]
    assert [(row.destination, row.filed_at) for row in rows(log)] == [
        ("failed/x", None),
        ("7/scan.png", stamp(3)),
        ("7/scan-1.png", None),
        ("7/scan.png", stamp(3)),
    ]


def test_what_was_decided_is_taken_back_only_until_it_is_filed(log: ResultsLog) -> None:
    log.record([replace(DECISION, claim=claim) for claim in "abc"])
    log.mark_filed(["a"], stamp(3))
    log.forget(["a", "b", "no such claim"])
    log.forget([])
    assert log.recorded("abc").keys() == {"a", "c"}


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ResultsLog, list[Row[Any]]]]:
    """A log with every combination of status, digit, name and certainty, and all its rows."""
    combinations = itertools.product(STATUSES, (0, 7, None), NAMES, CERTAINTIES)
    decisions = [
        replace(
            DECISION,
            claim=str(number),
            status=status,
            digit=digit,
            name=name,
            certainty=certainty,
            decided_at=stamp(number * 7 % 90),
        )
        for number, (status, digit, name, certainty) in enumerate(combinations)
    ]
    with closing(new_database(tmp_path_factory.mktemp("full") / "watcher.db")) as database:
        log = ResultsLog(database)
        log.record(decisions)
        yield log, rows(log)


def wanted(query: Query, row: Row[Any]) -> bool:
    """The filters in Python."""
    known = row.certainty is not None
    return all(
        (
            not query.digits or row.digit in query.digits,
            not query.statuses or row.status in query.statuses,
            query.since is None or row.decided_at >= query.since,
            query.until is None or row.decided_at < query.until,
            query.certainty_from is None or (known and row.certainty >= query.certainty_from),
            query.certainty_below is None or (known and row.certainty < query.certainty_below),
            query.name is None or fnmatchcase(row.name, query.name),
        )
    )


MOMENTS = st.none() | st.integers(0, 90).map(stamp)
PROBABILITIES = st.none() | st.sampled_from([0.0, 0.5, 0.75, 0.9, 1.0])
QUERIES = st.builds(
    Query,
    digits=st.lists(st.sampled_from([0, 7, 9]), max_size=2),
    statuses=st.lists(st.sampled_from(STATUSES), max_size=2),
    since=MOMENTS,
    until=MOMENTS,
    certainty_from=PROBABILITIES,
    certainty_below=PROBABILITIES,
    name=st.none() | st.sampled_from(["*", "scan*", "?can.png", "*.PNG", "*.png", "a[*]b", "七*", "'; --"]),
    limit=st.none() | st.integers(0, 20),
)


@given(QUERIES)
def test_a_query_gives_the_rows_that_fit_newest_first(
    full: tuple[ResultsLog, list[Row[Any]]], query: Query
) -> None:
    log, everything = full
    expected = [row for row in everything if wanted(query, row)][: query.limit]
    assert list(log.query(query)) == expected


def test_all_rows_come_newest_first(full: tuple[ResultsLog, list[Row[Any]]]) -> None:
    assert [row.id for row in full[1]] == list(range(len(full[1]), 0, -1))


def test_rows_are_read_in_steps_between_which_others_write(
    log: ResultsLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("watcher.store.results.ROWS_AT_ONCE", 2)
    log.record([replace(DECISION, claim=str(number)) for number in range(5)])
    asked, limited = log.query(Query()), log.query(Query(limit=3))
    assert [next(asked).id, next(limited).id] == [5, 5]
    log.record([replace(DECISION, claim="late")])
    assert [row.id for row in asked] == [4, 3, 2, 1]
    assert [row.id for row in limited] == [4, 3]
