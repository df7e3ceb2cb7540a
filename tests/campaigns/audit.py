"""The auditor: what was dropped, held against the log and the folders, once all is drained."""

import os
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields, replace
from hashlib import sha256
from pathlib import Path

Drop = tuple[str, str]
"""A file that was dropped: its name as the log keeps it, and the SHA-256 of its bytes."""

_COLUMNS = ("name", "sha256", "digit", "status", "destination", "arrived_at", "decided_at", "filed_at")


@dataclass(frozen=True, slots=True)
class Findings:
    """What is wrong, each entry in words. Nothing is wrong where all are empty."""

    lost: list[str] = field(default_factory=list)
    """Dropped, and neither waiting nor in the outbox."""
    doubled: list[str] = field(default_factory=list)
    """Recorded more often than it was dropped, or several rows for one file."""
    unrecorded: list[str] = field(default_factory=list)
    """In the outbox without a row."""
    unfiled: list[str] = field(default_factory=list)
    """A row whose file is not at its destination, or that is not marked filed, or not in order."""
    misfiled: list[str] = field(default_factory=list)
    """At another folder than the row's result says."""
    altered: list[str] = field(default_factory=list)
    """Bytes that are neither what was dropped nor what the row says."""
    unexplained: list[str] = field(default_factory=list)
    """A failed file without its reason beside it, or a reason without a failed file."""
    left_over: list[str] = field(default_factory=list)
    """Still in the inbox or in the claims."""

    def __bool__(self) -> bool:
        return any(getattr(self, kind.name) for kind in fields(self))

    def __str__(self) -> str:
        found = ((kind.name, getattr(self, kind.name)) for kind in fields(self))
        return "; ".join(f"{len(some)} {kind}: {', '.join(some[:5])}" for kind, some in found if some)


@dataclass(frozen=True, slots=True)
class _Row:
    name: str
    sha256: str
    digit: int | None
    status: str
    destination: str
    arrived_at: str
    decided_at: str
    filed_at: str | None

    def __str__(self) -> str:
        return f"{self.name} -> {self.destination}"

    @property
    def folder(self) -> str:
        return str(self.digit) if self.status == "filed" else self.status


def audit(dropped: Iterable[Drop], inbox: Path, outbox: Path, database: Path) -> Findings:
    """Hold what was dropped against the inbox, the outbox and the table `results`."""
    found = Findings()
    files = {name: _digest(path) for name, path in _files(outbox)}
    rows = [_known(row, files) for row in _rows(database)]
    waiting = {name: _digest(path) for name, path in _files(inbox)}
    found.left_over.extend(waiting)
    _rows_against_files(found, rows, files)
    _files_against_rows(found, rows, files)
    _drops_against_rows(found, Counter(dropped), rows, Counter([*files.values(), *waiting.values()]))
    return found


def _known(row: _Row, files: dict[str, str]) -> _Row:
    """What could not be read has no checksum in the log; its file's stands for it."""
    return row if row.sha256 else replace(row, sha256=files.get(row.destination, ""))


def _rows_against_files(found: Findings, rows: list[_Row], files: dict[str, str]) -> None:
    for row in rows:
        digest = files.get(row.destination)
        if digest is None or row.filed_at is None or not row.arrived_at <= row.decided_at <= row.filed_at:
            found.unfiled.append(str(row))
        if digest is not None and digest != row.sha256:
            found.altered.append(str(row))
        if row.destination.split("/")[0] != row.folder:
            found.misfiled.append(str(row))


def _files_against_rows(found: Findings, rows: list[_Row], files: dict[str, str]) -> None:
    destinations = Counter(row.destination for row in rows)
    found.doubled.extend(name for name, count in destinations.items() if count > 1)
    others = files.keys() - destinations.keys()
    explanations = {name for name in others if name.startswith("failed/") and name.endswith(".reason.txt")}
    found.unrecorded.extend(others - explanations)
    failed = [row for row in rows if row.status == "failed"]
    if len(explanations) != len(failed):
        found.unexplained.append(f"{len(failed)} failed files with {len(explanations)} explanations")


def _drops_against_rows(
    found: Findings, dropped: Counter[Drop], rows: list[_Row], existing: Counter[str]
) -> None:
    recorded = Counter((row.name, row.sha256) for row in rows)
    names = {name for name, _ in dropped - recorded}
    for name, _ in (recorded - dropped).elements():
        (found.altered if name in names else found.doubled).append(name)
    wanted = Counter(digest for _, digest in dropped.elements())
    missing = wanted - existing
    for name, digest in (dropped - recorded).elements():
        if missing[digest]:
            missing[digest] -= 1
            found.lost.append(name)


def _rows(database: Path) -> Iterator[_Row]:
    connection = sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)
    try:
        for row in connection.execute(f"SELECT {', '.join(_COLUMNS)} FROM results ORDER BY id"):
            yield _Row(*row)
    finally:
        connection.close()


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Everything in a folder and below it but folders: the name as the log keeps it, and the path."""
    for base, _, names in os.walk(folder):
        for name in names:
            path = Path(base, name)
            text = os.fsencode(os.path.relpath(path, folder)).decode("utf-8", "backslashreplace")
            yield text, path


def _digest(path: Path) -> str:
    return sha256(path.read_bytes() if path.is_file() and not path.is_symlink() else b"").hexdigest()
