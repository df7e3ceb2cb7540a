"""What a check found."""

import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from watcher.text import printable


class Level(StrEnum):
    """How bad it is: WRONG stops or endangers the watcher's work, WARN needs a look."""

    OK = "ok"
    WARN = "warn"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """A check's outcome: its level, what was checked, what was found, what to do about it."""

    level: Level
    what: str
    figure: str
    advice: str | None = None


def ok(what: str, figure: str) -> Finding:
    """It works."""
    return Finding(Level.OK, what, figure)


def warn(what: str, figure: str, advice: str) -> Finding:
    """It works, but a person should look at it."""
    return Finding(Level.WARN, what, figure, advice)


def wrong(what: str, figure: str, advice: str) -> Finding:
    """It does not work."""
    return Finding(Level.WRONG, what, figure, advice)


def shown(path: Path) -> str:
    """A path as people read it."""
    return printable(str(path))


def megabytes(size: int) -> str:
    """Bytes in MB, or in GB from 1 GB."""
    return f"{size / 1e9:,.1f} GB" if size >= 10**9 else f"{size / 1e6:,.1f} MB"


def not_made_yet(what: str, path: Path) -> Finding:
    """The finding for a path that does not exist: whether the watcher can make it."""
    parent = next(parent for parent in path.parents if parent.exists())
    if os.access(parent, os.W_OK | os.X_OK):
        return warn(what, f"{shown(path)} does not exist yet", "`watcher run` makes it when it starts")
    return wrong(
        what,
        f"{shown(path)} does not exist and cannot be made",
        f"make it, or let the watcher's user write in {shown(parent)}",
    )
