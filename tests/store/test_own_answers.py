"""The program's own answers are known by content, in a long log too, and when their rows were pruned."""

from dataclasses import replace

import pytest
from sqlalchemy import insert

from watcher.store import own_answers
from watcher.store.database import Database
from watcher.store.results import Decision, ResultsLog, Status
from watcher.store.schema import pruned_results
from watcher.store.timestamps import stamp

FILED = Decision("c", "a.png", "00" * 32, "filed", "7/a.png", stamp(1), stamp(2), digit=7, certainty=0.99)


def checksum(number: int) -> str:
    return f"{number:064x}"


def rows(*answers: tuple[int, Status, int | None]) -> list[Decision]:
    """Of (number of the content, status, digit)."""
    return [
        replace(FILED, claim=f"c/{at}", sha256=checksum(number), status=status, digit=digit)
        for at, (number, status, digit) in enumerate(answers)
    ]


def test_only_what_was_filed_under_a_digit_is_an_answer(database: Database) -> None:
    several = rows((1, "filed", 7), (1, "filed", 3), (1, "review", 4), (2, "review", 5), (3, "failed", None))
    ResultsLog(database).record([*several, replace(FILED, claim="unread", sha256=None, status="failed")])
    found = own_answers.own_answers(database, map(checksum, range(5)))
    assert found.filed == {(checksum(1), 7), (checksum(1), 3)}
    assert found.pruned == frozenset()


def test_only_what_is_asked_for_is_told(database: Database) -> None:
    ResultsLog(database).record(rows((1, "filed", 7), (2, "filed", 7)))
    assert own_answers.own_answers(database, [checksum(2)]).filed == {(checksum(2), 7)}
    assert own_answers.own_answers(database, []).filed == frozenset()


@pytest.mark.parametrize("at_once", [1, 2, 3, 7, 8])
def test_every_row_of_a_long_log_is_read(
    database: Database, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(own_answers, "ROWS_AT_ONCE", at_once)
    ResultsLog(database).record(rows(*((number, "filed", number) for number in range(7))))
    found = own_answers.own_answers(database, map(checksum, range(7)))
    assert found.filed == {(checksum(number), number) for number in range(7)}


def test_a_pruned_row_leaves_its_checksum(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_answers, "CHECKSUMS_AT_ONCE", 2)
    with database.transaction() as connection:
        pruned = [{"sha256": bytes.fromhex(checksum(number))} for number in range(5)]
        connection.execute(insert(pruned_results), pruned)
    found = own_answers.own_answers(database, map(checksum, range(3, 9)))
    assert found.pruned == {checksum(3), checksum(4)}
