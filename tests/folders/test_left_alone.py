"""What is never taken from an inbox is found, with the reason."""

import os
import socket
from pathlib import Path

import pytest
from helpers.support import make_files

from watcher.folders.inbox import Inbox, NotYet
from watcher.folders.left_alone import LeftAlone, in_subfolders, never_taken

MOST = 1000


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    make_files(
        tmp_path,
        {
            "a.png": b"1",
            "job-17/b.png": b"1",
            "job-17/deep/c.png": b"1",
            "job-18/d.png": b"1",
            "job-18/.hidden.png": b"1",
            "job-18/half.part": b"1",
            ".claimed/0001/e.png": b"1",
            "empty/": None,
        },
    )
    (tmp_path / "job-18" / "link.png").symlink_to(tmp_path / "a.png")
    return tmp_path


def test_files_in_subfolders_are_counted_as_they_would_be_taken(inbox: Path) -> None:
    found = in_subfolders(inbox, recursive=False, most=MOST)
    assert found == LeftAlone(3, "job-17")
    watched = Inbox(inbox, recursive=True, quiet_seconds=0)
    assert sum(not isinstance(watched.look(path), NotYet) for path in watched.sweep()) == 3 + 1


def test_there_are_none_where_they_are_watched_or_hold_no_file(inbox: Path, tmp_path: Path) -> None:
    assert in_subfolders(inbox, recursive=True, most=MOST) is None
    make_files(tmp_path / "other", {"a.png": b"1", "sub/sub/": None, "sub/.a.png": b"1"})
    assert in_subfolders(tmp_path / "other", recursive=False, most=MOST) is None


def test_no_more_are_looked_at_than_asked_for(tmp_path: Path) -> None:
    make_files(tmp_path, {f"sub/{number}.png": b"1" for number in range(9)})
    assert in_subfolders(tmp_path, recursive=False, most=4) == LeftAlone(4, "sub")


def test_links_sockets_and_closed_folders_are_named_with_the_reason(inbox: Path) -> None:
    (inbox / "link.png").symlink_to("a.png")
    os.mkfifo(inbox / "pipe.png")
    with socket.socket(socket.AF_UNIX) as one:
        here = Path.cwd()
        os.chdir(inbox)  # the path of a socket must be short
        try:
            one.bind("socket.png")
        finally:
            os.chdir(here)
    found = never_taken(inbox, recursive=False, most=MOST)
    assert found[NotYet.LINK] == LeftAlone(1, "link.png")
    assert found[NotYet.NO_FILE].count == 2
    assert found.keys() == {NotYet.LINK, NotYet.NO_FILE}
    deep = never_taken(inbox, recursive=True, most=MOST)
    assert deep[NotYet.LINK].count == 2


def test_where_all_are_files_none_is_named(inbox: Path) -> None:
    assert never_taken(inbox, recursive=False, most=MOST) == {}
