"""The auditor finds each kind of wrong there is, and nothing where all is well."""

import sqlite3
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from campaigns.audit import audit
from helpers.support import make_files

SCHEMA = """
CREATE TABLE results (
    id INTEGER PRIMARY KEY, name TEXT, sha256 TEXT, digit INTEGER, status TEXT, destination TEXT,
    arrived_at TEXT DEFAULT '1', decided_at TEXT DEFAULT '2', filed_at TEXT DEFAULT '3'
)
"""
DROPPED = {"a.png": b"a seven", "b.png": b"perhaps a one", "c.txt": b"a letter"}
OUTBOX = {
    "7/a.png": b"a seven",
    "review/b.png": b"perhaps a one",
    "failed/c.txt": b"a letter",
    "failed/c.txt.reason.txt": b"it is no picture",
}


class Books:
    """Folders and a log in which three files were dropped and filed as they should be."""

    def __init__(self, path: Path) -> None:
        self.inbox, self.outbox, self.database = path / "inbox", path / "outbox", path / "watcher.db"
        make_files(self.inbox, {".claimed/": None})
        make_files(self.outbox, OUTBOX)
        self.sql(SCHEMA)
        self.record("a.png", "filed", "7/a.png")
        self.record("b.png", "review", "review/b.png")
        self.record("c.txt", "failed", "failed/c.txt")

    def sql(self, statement: str, *values: str) -> None:
        connection = sqlite3.connect(self.database, isolation_level=None)
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute(statement, values)
        connection.close()

    def record(self, name: str, status: str, destination: str) -> None:
        self.sql(
            "INSERT INTO results (name, sha256, digit, status, destination) VALUES (?, ?, 7, ?, ?)",
            name,
            _digest(DROPPED[name]),
            status,
            destination,
        )

    def found(self) -> str:
        drops = [(name, _digest(content)) for name, content in DROPPED.items()]
        return str(audit(drops, self.inbox, self.outbox, self.database))


def _digest(content: bytes) -> str:
    return sha256(content).hexdigest()


@pytest.fixture
def books(tmp_path: Path) -> Books:
    return Books(tmp_path)


def test_where_all_is_well_it_finds_nothing(books: Books) -> None:
    assert books.found() == ""


@pytest.mark.parametrize(
    ("meddle", "finding"),
    [
        (lambda b: b.sql("DELETE FROM results WHERE id = 1"), "1 unrecorded: 7/a.png"),
        (lambda b: (b.outbox / "7/a.png").unlink(), "1 unfiled: a.png -> 7/a.png"),
        (lambda b: b.sql("UPDATE results SET filed_at = NULL WHERE id = 1"), "1 unfiled: a.png -> 7/a.png"),
        (lambda b: b.sql("UPDATE results SET digit = 1 WHERE id = 1"), "1 misfiled: a.png -> 7/a.png"),
        (lambda b: (b.outbox / "7/a.png").write_bytes(b""), "1 altered: a.png -> 7/a.png"),
        (lambda b: (b.outbox / "failed/c.txt.reason.txt").unlink(), "1 unexplained"),
        (lambda b: make_files(b.inbox, {".claimed/1/d.png": b"d"}), "1 left_over: .claimed/1/d.png"),
        (lambda b: make_files(b.outbox, {"7/a-1.png": b"a seven"}), "1 unrecorded: 7/a-1.png"),
    ],
)
def test_it_finds_what_is_wrong(books: Books, meddle: Callable[[Books], object], finding: str) -> None:
    meddle(books)
    assert books.found().startswith(finding)


def test_what_is_nowhere_is_lost(books: Books) -> None:
    books.sql("DELETE FROM results WHERE id = 1")
    (books.outbox / "7/a.png").unlink()
    assert books.found() == "1 lost: a.png"


def test_what_is_recorded_and_filed_twice_is_doubled(books: Books) -> None:
    books.record("a.png", "filed", "7/a-1.png")
    make_files(books.outbox, {"7/a-1.png": b"a seven"})
    assert books.found() == "1 doubled: a.png"


def test_another_content_under_the_name_of_a_drop_is_altered(books: Books) -> None:
    books.sql("UPDATE results SET sha256 = ? WHERE id = 1", _digest(b""))
    (books.outbox / "7/a.png").write_bytes(b"")
    assert books.found() == "1 lost: a.png; 1 altered: a.png"
