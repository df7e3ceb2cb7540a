"""Users' mistakes: each gives a line or two and the right exit code, never a traceback."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from helpers.daemon import Workspace, reference_picture
from helpers.support import make_files


def no_database(_place: Path) -> None:
    pass


def database_is_text(workspace: Path) -> None:
    (workspace / "watcher.db").write_text("Dear diary, today I was no database.\n" * 100)


def database_is_a_folder(workspace: Path) -> None:
    (workspace / "watcher.db").mkdir()


def config_is_a_folder(workspace: Path) -> None:
    (workspace / "config.toml").mkdir()


def config_is_binary(workspace: Path) -> None:
    (workspace / "config.toml").write_bytes(b"\xff\xfe[inbox]")


def config_is_no_toml(workspace: Path) -> None:
    (workspace / "config.toml").write_text("[inbox\npath = inbox\n")


def inbox_is_a_file(workspace: Path) -> None:
    (workspace / "inbox").write_text("")


def outbox_is_a_file(workspace: Path) -> None:
    (workspace / "outbox").write_text("")


def outbox_lies_in_the_inbox(workspace: Path) -> None:
    (workspace / "config.toml").write_text('[outbox]\npath = "inbox/done"\n')


def a_folder_of_the_outbox_is_a_file(workspace: Path) -> None:
    make_files(workspace, {"outbox/7": b"what?"})


def inbox_cannot_be_made(workspace: Path) -> None:
    (workspace / "config.toml").write_text('[inbox]\npath = "/proc/inbox"\n')


def database_cannot_be_made(workspace: Path) -> None:
    (workspace / "config.toml").write_text('[database]\nurl = "sqlite:////proc/nowhere/watcher.db"\n')


def references_are_no_pictures(workspace: Path) -> None:
    make_files(workspace, {"images/7_0.png": b"no picture"})


def an_empty_source(workspace: Path) -> None:
    make_files(workspace, {"source/": None})


def a_source_without_labels(workspace: Path) -> None:
    make_files(workspace, {"source/holiday.jpg": b"sun"})


def half_an_idx_pair(workspace: Path) -> None:
    make_files(workspace, {"train-images-idx3-ubyte": b"\0\0\x08\x03" + bytes(12)})


def a_broken_idx_pair(workspace: Path) -> None:
    make_files(workspace, {"train-images-idx3-ubyte.gz": b"no gzip", "train-labels-idx1-ubyte": b""})


MISTAKES: list[tuple[Callable[[Path], None], str, int, str]] = [
    (no_database, "results", 1, "there is no database yet"),
    (no_database, "references", 1, "there is no database yet"),
    (an_empty_source, "evaluate source", 1, "there are no labeled images in it"),
    (an_empty_source, "train source", 1, "there are no labeled images in it"),
    (a_source_without_labels, "train source", 1, "name them DIGIT_INDEX"),
    (half_an_idx_pair, "train train-images-idx3-ubyte", 1, "are not in the same folder"),
    (a_broken_idx_pair, "train train-images-idx3-ubyte.gz", 1, "it cannot be read"),
    (no_database, "train nowhere", 1, "nowhere: there is no such file or folder"),
    (no_database, "evaluate nowhere", 1, "nowhere: there is no such file or folder"),
    (database_is_text, "run --once", 1, "file is not a database"),
    (database_is_text, "results", 1, "file is not a database"),
    (database_is_text, "references", 1, "file is not a database"),
    (database_is_text, "classify x", 1, "file is not a database"),
    (database_is_a_folder, "run --once", 1, "watcher.db: it is a folder"),
    (database_is_a_folder, "results", 1, "watcher.db: it is a folder"),
    (database_cannot_be_made, "run --once", 1, "/proc/nowhere"),
    (inbox_is_a_file, "run --once", 1, "inbox"),
    (outbox_is_a_file, "run --once", 1, "outbox"),
    (a_folder_of_the_outbox_is_a_file, "run --once", 1, "outbox/7"),
    (inbox_cannot_be_made, "run --once", 1, "/proc/inbox"),
    (references_are_no_pictures, "run --once", 1, "add labeled images with `watcher train SOURCE`"),
    (config_is_a_folder, "results", 78, "config.toml"),
    (config_is_binary, "results", 78, "it is not UTF-8"),
    (config_is_no_toml, "run", 78, "it is not TOML"),
    (outbox_lies_in_the_inbox, "run", 78, "is inside"),
    (no_database, "--config nowhere.toml run", 78, "there is no such file"),
    (no_database, "run --config nowhere.toml", 78, "there is no such file"),
    (no_database, "--config . run", 2, "is a directory"),
    (no_database, "runn", 2, 'No such command "runn"; did you mean "run"?'),
    (no_database, "run fast", 2, "unexpected extra argument"),
    (no_database, "run --twice", 2, "No such option"),
    (no_database, "train", 2, "Missing argument"),
    (no_database, "classify", 2, "Missing argument"),
    (no_database, "evaluate", 2, "Missing argument"),
    (no_database, "evaluate a b", 2, "unexpected extra argument"),
    (no_database, "results --digit 10", 2, "'--digit'"),
    (no_database, "results --digit seven", 2, "'--digit'"),
    (no_database, "results --status lost", 2, "'--status'"),
    (no_database, "results --since tomorrow", 2, "90min, 24h, 7d"),
    (no_database, "results --until 2026-13-40", 2, "is not a time"),
    (no_database, "results --since 999999w", 2, "'--since'"),
    (no_database, "results --since 0001-01-01T00:00+14:00", 2, "'--since'"),
    (no_database, "results --below 90", 2, "'--below'"),
    (no_database, "results --limit -1", 2, "'--limit'"),
    (no_database, "results --format xml", 2, "'--format'"),
]


@pytest.mark.parametrize(
    ("arrange", "arguments", "code", "reported"),
    MISTAKES,
    ids=[f"{arrange.__name__}: {arguments}" for arrange, arguments, *_ in MISTAKES],
)
def test_a_mistake_is_reported_and_has_its_exit_code(
    watcher: Callable[..., Any],
    empty_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    arrange: Callable[[Path], None],
    arguments: str,
    code: int,
    reported: str,
) -> None:
    monkeypatch.setenv("WATCHER_WORKERS__EXECUTOR", "threads")
    arrange(empty_folder)
    error = watcher(*arguments.split(), code=code).err
    assert reported in error
    if code != 2:
        assert all(line.startswith("watcher: ") for line in error.splitlines())


@pytest.mark.parametrize(
    ("forbidden", "arguments", "reported"),
    [
        (".", "run --once", "Permission denied"),
        ("inbox", "run --once", "Permission denied"),
        ("outbox", "run --once", "Permission denied"),
        ("source", "train source", "Permission denied"),
        ("source", "evaluate source", "Permission denied"),
    ],
)
def test_what_is_forbidden_is_reported(
    watcher: Callable[..., Any], empty_folder: Path, forbidden: str, arguments: str, reported: str
) -> None:
    folder = empty_folder / forbidden
    folder.mkdir(exist_ok=True)
    folder.chmod(0o500 if forbidden != "source" else 0)
    if os.access(folder, os.W_OK):
        pytest.skip("nothing is forbidden to root")
    try:
        assert reported in watcher(*arguments.split(), code=1).err
    finally:
        folder.chmod(0o700)


def test_a_file_that_may_not_be_read_is_reported_among_the_others(
    watcher: Callable[..., Any], workspace: Workspace
) -> None:
    make_files(workspace.path, {"mine.jpg": reference_picture(7), "theirs.jpg": reference_picture(7)})
    (workspace.path / "theirs.jpg").chmod(0)
    if os.access("theirs.jpg", os.R_OK):
        pytest.skip("nothing is forbidden to root")
    reported = [
        json.loads(line)
        for line in watcher("classify", "--json", "mine.jpg", "theirs.jpg", code=1).out.splitlines()
    ]
    assert [(each["file"], each["reason"]) for each in reported] == [
        ("mine.jpg", None),
        ("theirs.jpg", "it cannot be read: Permission denied"),
    ]
