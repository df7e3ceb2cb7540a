"""Suspects: each is tried once more, by itself, and never a third time."""

from pathlib import Path

import pytest
from helpers.support import make_files

from watcher.folders.claims import Claim, Claims
from watcher.folders.inbox import Arrival
from watcher.pipeline import suspects as module
from watcher.pipeline.suspects import PAUSE, Suspects


@pytest.fixture
def claims(tmp_path: Path) -> Claims:
    claims = Claims(tmp_path)
    claims.make()
    return claims


def claimed(claims: Claims, *names: str) -> list[Claim]:
    inbox = claims.path.parent
    make_files(inbox, dict.fromkeys(names, b"7"))
    return claims.take([Arrival(str(inbox / name), name, 0) for name in names])


def test_the_first_try_is_of_nothing_so_that_no_picture_is_blamed_for_a_start(claims: Claims) -> None:
    suspects = Suspects(claims)
    suspects.add(claimed(claims, "a.png"))
    assert list(suspects.next_try()) == []
    suspects.try_begun(())
    suspects.try_ended(worker_is_well=False)
    assert list(suspects.next_try()) == [], "the worker could not be started"
    suspects.try_ended(worker_is_well=True)
    (first,) = suspects.next_try()
    assert first.name == "a.png"


def test_the_disk_records_that_it_went_wrong_and_that_the_second_try_begins(claims: Claims) -> None:
    suspects = Suspects(claims)
    suspects.try_ended(worker_is_well=True)
    for claim in claimed(claims, "a.png", "b.png"):
        suspects.set_aside(claim)
    assert [claim.tries for claim in claims.left()] == [1, 1]
    (first,) = suspects.next_try()
    assert {claim.name: claim.tries for claim in claims.left()} == {"a.png": 2, "b.png": 1}
    assert list(suspects.next_try()) == [first], "it was not begun yet"
    suspects.try_begun([first])
    assert [claim.name for claim in suspects.next_try()] == ["b.png"]
    assert len(suspects) == 1


def test_while_workers_are_busy_there_is_a_pause_between_two_tries(
    claims: Claims, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    monkeypatch.setattr("watcher.pipeline.suspects.time.monotonic", lambda: now)
    suspects = Suspects(claims)
    assert not suspects.is_due(workers_are_busy=False), "there is none"
    suspects.add(claimed(claims, "a.png"))
    suspects.try_ended(worker_is_well=True)
    assert suspects.is_due(workers_are_busy=False)
    assert not suspects.is_due(workers_are_busy=True)
    now += PAUSE
    assert suspects.is_due(workers_are_busy=True)


def test_there_is_room_for_so_many(claims: Claims, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_SUSPECTS", 2)
    suspects = Suspects(claims)
    suspects.add(claimed(claims, "a.png"))
    assert suspects.has_room
    suspects.add(claimed(claims, "b.png"))
    assert not suspects.has_room
    suspects.clear()
    assert (len(suspects), suspects.has_room) == (0, True)
