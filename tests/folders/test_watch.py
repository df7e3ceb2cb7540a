"""The observer, a real one: it tells of every way in which a file may come."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support import make_files, wait_until

from watcher.folders.watch import watching


def write(inbox: Path, path: Path) -> None:
    assert path.is_relative_to(inbox)
    path.write_bytes(b"x")


def rename_inside(inbox: Path, path: Path) -> None:
    (inbox / "scan.tmp").write_bytes(b"x")
    (inbox / "scan.tmp").rename(path)


def move_in(inbox: Path, path: Path) -> None:
    make_files(inbox.parent, {"outside": b"x"})
    (inbox.parent / "outside").rename(path)


def link_in(inbox: Path, path: Path) -> None:
    make_files(inbox.parent, {"outside": b"x"})
    path.hardlink_to(inbox.parent / "outside")


WAYS = [write, rename_inside, move_in, link_in]


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    make_files(tmp_path, {"inbox/sub/": None})
    return tmp_path / "inbox"


@pytest.fixture
def told(inbox: Path) -> Iterator[list[str]]:
    """The paths an observer of the inbox has told so far."""
    paths: list[str] = []
    with watching(inbox, paths.append, recursive=False):
        yield paths


@pytest.mark.parametrize("arrive", WAYS)
def test_every_way_of_arriving_is_told(
    inbox: Path, told: list[str], arrive: Callable[[Path, Path], None]
) -> None:
    path = inbox / "sc\udce4n.png"
    arrive(inbox, path)
    wait_until(lambda: str(path) in told)


def test_a_file_is_told_of_once_more_when_it_is_complete(inbox: Path, told: list[str]) -> None:
    path = inbox / "scan.png"
    with path.open("wb") as file:
        wait_until(lambda: str(path) in told)
        before = len(told)
        file.write(b"x")
    wait_until(lambda: str(path) in told[before:])


def test_a_rename_out_of_the_folder_keeps_nothing_back(inbox: Path, told: list[str]) -> None:
    give_up = time.monotonic() + 10  # watchdog's own way takes half a second for each, 20 in all
    for number in range(40):
        path = inbox / f"{number}.png"
        write(inbox, path)
        wait_until(lambda path=path: str(path) in told, give_up - time.monotonic())  # type: ignore[misc]
        path.rename(inbox.parent / f"claimed-{number}")
    assert list(inbox.iterdir()) == [inbox / "sub"]


def test_subfolders_are_watched_where_that_is_asked_for(inbox: Path) -> None:
    told: list[str] = []
    with watching(inbox, told.append, recursive=True):
        make_files(inbox, {"sub/a.png": b"x"})
        wait_until(lambda: str(inbox / "sub" / "a.png") in told)
        make_files(inbox, {"new/": None})
        wait_until(lambda: _write_and_see(inbox / "new" / "b.png", told))


def _write_and_see(path: Path, told: list[str]) -> bool:
    """Write a file until it is told of: a new subfolder is watched soon, not at once."""
    path.write_bytes(b"x")
    return str(path) in told


def test_otherwise_they_are_not(inbox: Path, told: list[str]) -> None:
    make_files(inbox, {"sub/a.png": b"x"})
    make_files(inbox, {"b.png": b"x"})
    wait_until(lambda: str(inbox / "b.png") in told)
    assert str(inbox / "sub" / "a.png") not in told


def test_it_stops_and_leaves_no_thread_behind(inbox: Path) -> None:
    before = set(threading.enumerate())
    with watching(inbox, lambda _path: None, recursive=False):
        assert set(threading.enumerate()) > before
    wait_until(lambda: set(threading.enumerate()) <= before)


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), watching(tmp_path / "nowhere", print, recursive=False):
        pass
