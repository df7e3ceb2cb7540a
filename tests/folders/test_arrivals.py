"""The arrivals: each file once, whether from an event or a sweep."""

import os
from pathlib import Path

import pytest
from helpers.support import make_files
from hypothesis import given
from hypothesis import strategies as st

from watcher.folders import arrivals as door_module
from watcher.folders.arrivals import Arrivals
from watcher.folders.inbox import Inbox


def arrivals_of(path: Path) -> Arrivals:
    return Arrivals(Inbox(path, recursive=False, quiet_seconds=1))


def names(arrivals: Arrivals, most: int = 100) -> list[str]:
    return [arrival.name for arrival in arrivals.take(most)]


def test_at_first_nothing_is_known(tmp_path: Path) -> None:
    make_files(tmp_path, {"a": b""})
    arrivals = arrivals_of(tmp_path)
    assert not arrivals.is_open
    assert names(arrivals) == []


def test_hints_come_first_then_what_the_sweep_finds_each_once(tmp_path: Path) -> None:
    make_files(tmp_path, dict.fromkeys("abcd", b""))
    arrivals = arrivals_of(tmp_path)
    for name in "dbd":
        arrivals.notice(str(tmp_path / name))
    arrivals.sweep()
    assert arrivals.is_open
    taken = names(arrivals)
    assert taken[:2] == ["d", "b"]
    assert sorted(taken) == ["a", "b", "c", "d"]
    assert not arrivals.is_open


def test_no_more_are_taken_than_asked_for(tmp_path: Path) -> None:
    make_files(tmp_path, {f"{number}": b"" for number in range(10)})
    arrivals = arrivals_of(tmp_path)
    arrivals.sweep()
    assert names(arrivals, 0) == []
    taken = []
    for _ in range(5):
        batch = arrivals.take(3)
        taken += [arrival.name for arrival in batch]
        assert len(batch) <= 3
        for arrival in batch:
            Path(arrival.path).unlink()
    assert sorted(taken) == [f"{number}" for number in range(10)]
    assert not arrivals.is_open


def test_of_large_files_fewer_are_taken_at_once(tmp_path: Path) -> None:
    make_files(tmp_path, dict.fromkeys("abcd", b""))
    for name in "abcd":
        os.truncate(tmp_path / name, 20 * 2**20)
    arrivals = arrivals_of(tmp_path)
    arrivals.sweep()
    assert [len(names(arrivals)), len(names(arrivals)), len(names(arrivals))] == [2, 2, 0]


def test_a_sweep_goes_on_where_it_was_when_asked_for_again(tmp_path: Path) -> None:
    make_files(tmp_path, dict.fromkeys("abc", b""))
    arrivals = arrivals_of(tmp_path)
    arrivals.sweep()
    first = names(arrivals, 1)
    arrivals.sweep()
    assert sorted(first + names(arrivals)) == ["a", "b", "c"]


def test_what_was_taken_and_left_in_the_inbox_comes_with_the_next_sweep(tmp_path: Path) -> None:
    make_files(tmp_path, {"a": b""})
    arrivals = arrivals_of(tmp_path)
    for _ in range(2):
        arrivals.sweep()
        assert names(arrivals) == ["a"]


@given(hints=st.lists(st.integers(0, 6)), swept=st.booleans(), most=st.integers(1, 8))
def test_every_file_hinted_at_or_swept_passes(
    tmp_path_factory: pytest.TempPathFactory, hints: list[int], most: int, *, swept: bool
) -> None:
    path = tmp_path_factory.mktemp("in")
    make_files(path, {f"{number}": b"" for number in range(5)})  # hints at 5 and 6 are wrong
    arrivals = arrivals_of(path)
    for number in hints:
        arrivals.notice(str(path / f"{number}"))
    if swept:
        arrivals.sweep()
    taken: list[str] = []
    while arrivals.is_open:
        for arrival in arrivals.take(most):
            Path(arrival.path).unlink()
            taken.append(arrival.name)
    expected = range(5) if swept else {number for number in hints if number < 5}
    assert sorted(taken) == [f"{number}" for number in sorted(expected)]


def test_past_a_bound_hints_are_dropped_and_the_sweep_finds_the_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door_module, "MOST_HINTS", 2)
    make_files(tmp_path, dict.fromkeys("abcd", b""))
    arrivals = arrivals_of(tmp_path)
    for name in "abcd":
        arrivals.notice(str(tmp_path / name))
    assert [arrivals.has_lost_hints(), arrivals.has_lost_hints()] == [True, False]
    assert names(arrivals) == ["a", "b"]
    arrivals.sweep()
    assert sorted(names(arrivals)) == ["a", "b", "c", "d"]


def test_anything_but_a_file_is_reported_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "link").symlink_to("nowhere")
    arrivals = arrivals_of(tmp_path)
    arrivals.sweep()
    assert names(arrivals) == []
    assert arrivals.left_alone() == {
        str(tmp_path / "fifo"): "it is not a regular file",
        str(tmp_path / "link"): "it is a link; links are not followed",
    }
    os.mkfifo(tmp_path / "another")
    arrivals.sweep()
    arrivals.notice(str(tmp_path / "fifo"))
    assert names(arrivals) == []
    assert list(arrivals.left_alone()) == [str(tmp_path / "another")]
    assert arrivals.left_alone() == {}


def test_of_very_many_that_are_no_files_only_so_many_are_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door_module, "MOST_REPORTED", 3)
    for number in range(5):
        os.mkfifo(tmp_path / f"{number}")
    arrivals = arrivals_of(tmp_path)
    arrivals.sweep()
    assert names(arrivals) == []
    assert len(arrivals.left_alone()) == 3


def test_it_counts_what_was_still_being_written_at_the_last_whole_sweep(tmp_path: Path) -> None:
    make_files(tmp_path, {"a": b"", "b": b""})
    arrivals = arrivals_of(tmp_path)
    with (tmp_path / "a").open("ab"):
        arrivals.sweep()
        assert arrivals.unfinished == 0
        assert names(arrivals) == ["b"]
        assert arrivals.unfinished == 1
        arrivals.sweep()
        assert names(arrivals) == ["b"]
        assert arrivals.unfinished == 1
    arrivals.sweep()
    assert sorted(names(arrivals)) == ["a", "b"]
    assert arrivals.unfinished == 0


def settled(path: Path) -> Arrivals:
    """The arrivals of a folder that was swept, and in which nothing happened for a while before."""
    os.utime(path, (0, 0))
    arrivals = arrivals_of(path)
    arrivals.sweep()
    while arrivals.is_open:
        for arrival in arrivals.take(100):
            Path(arrival.path).unlink()
    os.utime(path, (0, 0))
    arrivals.sweep()
    assert names(arrivals) == []
    return arrivals


def test_a_folder_that_is_as_it_was_is_not_looked_through_again_unless_thoroughly(tmp_path: Path) -> None:
    make_files(tmp_path, {".hidden": b"", "a.tmp": b"", "taken": b""})
    arrivals = settled(tmp_path)
    arrivals.sweep(thorough=False)
    assert not arrivals.is_open
    arrivals.sweep()
    assert arrivals.is_open


def test_a_folder_that_changed_is_looked_through(tmp_path: Path) -> None:
    arrivals = settled(tmp_path)
    make_files(tmp_path, {"a": b""})
    arrivals.sweep(thorough=False)
    assert names(arrivals) == ["a"]


def test_a_folder_that_changed_just_before_it_was_looked_through_is_looked_through_again(
    tmp_path: Path,
) -> None:
    """Its time may be as coarse as seconds: another file may have come since, at that very time."""
    make_files(tmp_path, {".hidden": b""})
    arrivals = arrivals_of(tmp_path)
    arrivals.sweep()
    assert names(arrivals) == []
    arrivals.sweep(thorough=False)
    assert arrivals.is_open


def test_as_long_as_a_file_is_being_written_the_folder_is_looked_through(tmp_path: Path) -> None:
    make_files(tmp_path, {"a": b""})
    os.utime(tmp_path, (0, 0))
    arrivals = arrivals_of(tmp_path)
    with (tmp_path / "a").open("ab"):
        arrivals.sweep()
        assert names(arrivals) == []
    arrivals.sweep(thorough=False)
    assert names(arrivals) == ["a"]


def test_what_was_taken_and_came_to_nothing_is_found_again(tmp_path: Path) -> None:
    make_files(tmp_path, {"a": b""})
    arrivals = settled(tmp_path)
    make_files(tmp_path, {"b": b""})
    os.utime(tmp_path, (0, 0))
    arrivals.notice(str(tmp_path / "b"))
    assert names(arrivals) == ["b"]
    arrivals.sweep(thorough=False)
    assert names(arrivals) == ["b"]


def test_what_is_forgotten_is_found_by_the_next_sweep(tmp_path: Path) -> None:
    make_files(tmp_path, dict.fromkeys("abc", b""))
    arrivals = arrivals_of(tmp_path)
    arrivals.notice(str(tmp_path / "a"))
    arrivals.sweep()
    assert names(arrivals, 2)[0] == "a"
    arrivals.forget()
    assert not arrivals.is_open
    arrivals.sweep(thorough=False)
    assert sorted(names(arrivals)) == ["a", "b", "c"]
