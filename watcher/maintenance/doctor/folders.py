"""Check the folders: whether they exist, can be used and are on one disk; and whether a daemon runs."""

import os
import pwd
import stat
from collections.abc import Iterator
from pathlib import Path

from watcher.config.settings import Config
from watcher.errors import to_change
from watcher.folders.claims import Claims
from watcher.folders.disk import DiskError, require_one_disk
from watcher.folders.inbox import NotYet
from watcher.folders.left_alone import in_subfolders, never_taken
from watcher.folders.locks import holder, is_held
from watcher.folders.outbox import FOLDERS
from watcher.maintenance.doctor.findings import Finding, not_made_yet, ok, shown, warn, wrong
from watcher.text import counted, error_text

MOST_LOOKED_AT = 100_000
_ADVICE = {
    NotYet.LINK: "put the file itself there, not a link to it",
    NotYet.NO_FILE: "move it away",
    NotYet.CLOSED_FOLDER: "let the watcher's user read and enter it",
}
_RIGHTS = {os.R_OK: "read", os.W_OK: "written", os.X_OK: "entered"}


def inbox(config: Config) -> Iterator[Finding]:
    """Whether files in the inbox can be found and claimed."""
    path = config.inbox.path
    finding = _usable("inbox", path)
    if finding is None and (claimed := Claims(path).path).exists():
        finding = _usable("inbox", claimed)
    if finding is None and path.stat().st_mode & stat.S_ISVTX and os.geteuid() not in {0, path.stat().st_uid}:
        finding = warn(
            "inbox",
            f"{shown(path)} has the sticky bit: files of other users cannot be claimed there",
            f"`chmod -t {shown(path)}`, or run the watcher as {_owner(path)}",
        )
    yield finding or ok("inbox", shown(path))
    if finding is None:
        yield from _left_alone(config)


def outbox(config: Config) -> Iterator[Finding]:
    """Whether files can be filed in the outbox."""
    path = config.outbox.path
    finding = _usable("outbox", path)
    for folder in FOLDERS:
        if finding is None and os.path.lexists(path / folder):
            finding = _usable("outbox", path / folder)
    yield finding or ok("outbox", shown(path))


def one_disk(config: Config) -> Iterator[Finding]:
    """Whether links from the inbox to each folder of the outbox work: files are filed by links."""
    claimed, path = Claims(config.inbox.path).path, config.outbox.path
    source = claimed if claimed.is_dir() else config.inbox.path
    goals = [path, *(path / folder for folder in FOLDERS if (path / folder).is_dir())]
    if not (source.is_dir() and path.is_dir()):
        yield warn("one disk", "not tried: a folder is missing", "see inbox and outbox above")
        return
    try:
        for goal in goals:
            require_one_disk(source, goal)
    except DiskError as error:
        what, _, advice = str(error).partition("; ")
        yield wrong("one disk", what, advice)
    except OSError as error:
        yield wrong(
            "one disk",
            f"no link could be made: {error_text(error)}",
            f"let the watcher's user write in {shown(to_change(error) or path)}",
        )
    else:
        yield ok("one disk", f"links from the inbox into {counted(len(goals), 'folder')} of the outbox work")


def lock(config: Config) -> Iterator[Finding]:
    """Whether a daemon runs, and what a killed one has left."""
    claims = Claims(config.inbox.path)
    if not claims.path.is_dir():
        yield ok("daemon", "not running; it never ran here")
        return
    files = sum(1 for _ in claims.tokens())
    if is_held(claims.path):
        process = holder(claims.path)
        who = f"running as process {process}" if process else "running"
        yield ok("daemon", f"{who}, with {counted(files, 'claimed file')}")
    elif files:
        yield warn(
            "daemon",
            f"not running; it was interrupted and left {counted(files, 'claimed file')}",
            "nothing is lost: the next `watcher run` finishes them",
        )
    else:
        yield ok("daemon", "not running")


def _left_alone(config: Config) -> Iterator[Finding]:
    """What lies in the inbox and is never recognized."""
    settings = config.inbox
    below = in_subfolders(settings.path, recursive=settings.recursive, most=MOST_LOOKED_AT)
    if below is not None:
        yield warn(
            "inbox",
            f"{counted(below.count, 'file')} in subfolders that are not watched, such as {below.example}/",
            "set `recursive = true` under [inbox] of config.toml, and restart the watcher",
        )
    left = never_taken(settings.path, recursive=settings.recursive, most=MOST_LOOKED_AT)
    for why, what in left.items():
        path = settings.path / what.example
        yield warn(
            "inbox",
            f"{shown(path)}{f' and {what.count - 1:,} more' if what.count > 1 else ''}: {why.value}",
            _ADVICE[why],
        )


def _usable(what: str, path: Path) -> Finding | None:
    if not os.path.lexists(path):
        return not_made_yet(what, path)
    if not path.is_dir():
        return wrong(
            what, f"{shown(path)} is not a folder", "move it away, or give another folder in config.toml"
        )
    denied = [word for right, word in _RIGHTS.items() if not os.access(path, right)]
    if denied:
        return wrong(
            what,
            f"{shown(path)} cannot be {' or '.join(denied)}",
            f"`chmod u+rwx {shown(path)}`, or run the watcher as its owner {_owner(path)}; "
            "check that the disk is not mounted read-only",
        )
    return None


def _owner(path: Path) -> str:
    number = path.stat().st_uid
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"user {number}"
