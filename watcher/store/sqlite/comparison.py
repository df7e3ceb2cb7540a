"""Match files with rows in a temporary database on disk: millions of them need little memory."""

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import NamedTuple, Self

FILES_AT_ONCE = 1000
_SCHEMA = """
CREATE TABLE files (
    path BLOB PRIMARY KEY, size INTEGER, changed REAL, owner INTEGER, since TEXT
) WITHOUT ROWID;
CREATE TABLE missing (
    id INTEGER PRIMARY KEY, path BLOB, name BLOB, sha256 TEXT, explanation BLOB, was_filed INTEGER,
    found INTEGER DEFAULT 0
);
CREATE INDEX missing_path ON missing (path) WHERE NOT found;
CREATE INDEX missing_sha256 ON missing (sha256) WHERE NOT found;
CREATE INDEX missing_explanation ON missing (explanation) WHERE explanation IS NOT NULL;
"""


class FileInfo(NamedTuple):
    """A file's size in bytes and last change in Unix seconds.

    `owner` is the id of the row whose file it is, as far as known, and `since` the stamp of its decision.
    """

    size: int
    changed: float
    owner: int | None = None
    since: str | None = None


@dataclass(frozen=True, slots=True)
class Missing:
    """A row whose file is not at its destination.

    `path` is the destination as a path on disk; `explanation` the path of its reason file, if any;
    `was_filed` whether the row was marked filed when it was read.
    """

    id: int
    path: str
    sha256: str | None
    explanation: str | None
    was_filed: bool


class Comparison:
    """The files found, and the rows they belong to. Paths are relative to the outbox."""

    def __init__(self) -> None:
        # Without a name, SQLite uses a hidden temporary file that is removed when the database is closed.
        self._connection = sqlite3.connect("", isolation_level=None)
        self._connection.executescript(_SCHEMA)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def add(self, files: Iterable[tuple[str, FileInfo]]) -> None:
        """Add files that have no owner yet."""
        self._many(
            "INSERT OR REPLACE INTO files (path, size, changed) VALUES (?, ?, ?)",
            [(os.fsencode(path), seen.size, seen.changed) for path, seen in files],
        )

    def files(self, paths: Iterable[str]) -> dict[str, FileInfo]:
        """The added files among these paths, by path."""
        wanted = [os.fsencode(path) for path in paths]
        marks = ",".join("?" * len(wanted))
        statement = f"SELECT path, size, changed, owner, since FROM files WHERE path IN ({marks})"  # noqa: S608 - question marks
        return {
            os.fsdecode(path): FileInfo(*seen) for path, *seen in self._connection.execute(statement, wanted)
        }

    def set_owners(self, owned: Iterable[tuple[str, int, str]]) -> None:
        """Record the owners of files: (path, row's id, stamp of its decision)."""
        self._many(
            "UPDATE files SET owner = ?2, since = ?3 WHERE path = ?1",
            [(os.fsencode(path), row, since) for path, row, since in owned],
        )

    def add_missing(self, rows: Iterable[Missing]) -> None:
        """Add rows whose files are not at their destinations."""
        self._many(
            "INSERT INTO missing (id, path, name, sha256, explanation, was_filed) VALUES (?, ?, ?, ?, ?, ?)",
            [
                (
                    row.id,
                    os.fsencode(row.path),
                    _name(row.path),
                    row.sha256,
                    None if row.explanation is None else os.fsencode(row.explanation),
                    row.was_filed,
                )
                for row in rows
            ],
        )

    def unowned(self) -> Iterator[str]:
        """The files that belong to no row."""
        statement = "SELECT path FROM files WHERE owner IS NULL AND path > ? ORDER BY path LIMIT ?"
        last = b""
        while paths := self._connection.execute(statement, (last, FILES_AT_ONCE)).fetchall():
            for (last,) in paths:
                yield os.fsdecode(last)

    def find(self, path: str, digest: str) -> int | None:
        """The row whose missing file has this content; of several, one with this name. Each is found once."""
        return self._found("sha256 = ? AND NOT found ORDER BY name = ? DESC, id DESC", digest, _name(path))

    def find_at(self, path: str) -> int | None:
        """The row whose missing file should be at this path, of several the newest. Each is found once."""
        return self._found("path = ? AND NOT found ORDER BY id DESC", os.fsencode(path))

    def _found(self, condition: str, *values: object) -> int | None:
        with closing(self._connection.execute(f"SELECT id FROM missing WHERE {condition}", values)) as found:  # noqa: S608 - of the two above
            row = found.fetchone()
        if row is None:
            return None
        self._connection.execute("UPDATE missing SET found = 1 WHERE id = ?", row)
        return int(row[0])

    def explained_by(self, path: str) -> int | None:
        """The row whose missing file had its reason at this path."""
        statement = "SELECT max(id) FROM missing WHERE explanation = ?"
        row: int | None = self._connection.execute(statement, (os.fsencode(path),)).fetchone()[0]
        return row

    def not_found(self) -> Iterator[Missing]:
        """The rows whose files were not found, in the order of their ids."""
        statement = (
            "SELECT id, path, sha256, explanation, was_filed FROM missing"
            " WHERE NOT found AND id > ? ORDER BY id LIMIT ?"
        )
        last = 0
        while rows := self._connection.execute(statement, (last, FILES_AT_ONCE)).fetchall():
            for last, path, sha256, explanation, was_filed in rows:
                explained = None if explanation is None else os.fsdecode(explanation)
                yield Missing(last, os.fsdecode(path), sha256, explained, bool(was_filed))

    def _many(self, statement: str, values: list[tuple[object, ...]]) -> None:
        self._connection.execute("BEGIN")
        self._connection.executemany(statement, values)
        self._connection.execute("COMMIT")


def _name(path: str) -> bytes:
    return os.fsencode(path.rpartition("/")[2])
