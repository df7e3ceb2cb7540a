"""Check the database, its references, and the classifier made from them."""

import math
import os
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path

from watcher.config.settings import Config
from watcher.errors import Unreadable
from watcher.maintenance.doctor.findings import Finding, megabytes, not_made_yet, ok, shown, warn, wrong
from watcher.recognition import read_picture
from watcher.recognition.calibration.leave_one_out import too_few
from watcher.references.model import is_sound, model_folder
from watcher.store.database import open_as_it_is
from watcher.store.inspection import files_of, inspect_database, wal_of
from watcher.store.references import Reference, ReferenceStore
from watcher.store.schema import HEAD
from watcher.text import counted

LARGE_WAL = 256 * 10**6
MOST_READ = 1000
"""How many references are read; reading 60,000 would take half a minute."""


def database(config: Config) -> Iterator[Finding]:
    """Whether the database can be read and written, and is undamaged and of the right version."""
    what, file = "database", config.database.file
    if not file.exists():
        yield not_made_yet(what, file)
        return
    yield from _forbidden(what, file)
    if not os.access(file, os.R_OK):
        return
    inspection = inspect_database(file)
    for damage in inspection.damage:
        yield wrong(
            what,
            f"{shown(file)} is damaged: {damage}",
            "stop the watcher, keep a copy, and repair it: "
            "`sqlite3 watcher.db .recover | sqlite3 repaired.db`",
        )
    if inspection.revision is None:
        yield wrong(
            what, f"{shown(file)} is not a database of the watcher", "give another file in [database] url"
        )
    elif inspection.is_newer:
        yield wrong(
            what,
            f"its schema is {inspection.revision}, this program knows {HEAD}",
            "install the newer program that made it",
        )
    elif inspection.is_older:
        yield warn(
            what,
            f"its schema is {inspection.revision}, the newest is {HEAD}",
            "stop the older watcher; the next `watcher run` upgrades the database and keeps a copy",
        )
    elif not inspection.damage:
        yield ok(
            what, f"sound; {counted(inspection.rows, 'row')}, {megabytes(file.stat().st_size)}, schema {HEAD}"
        )
    yield from _write_ahead_log(file)


def references(config: Config) -> Iterator[Finding]:
    """Whether there are enough references, and they can be read."""
    what = "references"
    if not config.database.file.exists():
        yield warn(what, "none yet", "the first `watcher run` adds those of the references folder")
        return
    with closing(open_as_it_is(config.database.file)) as opened:
        store = ReferenceStore(opened)
        if store.version() is None:
            yield warn(what, "none yet", "the first `watcher run` adds those of the references folder")
            return
        counts = store.counts()
        step = math.ceil(sum(counts) / MOST_READ) or 1
        looked_at = list(islice(store.load(), 0, None, step))
    unreadable = [(one.id, why) for one in looked_at if (why := _fault(one))]
    for number, why in unreadable:
        yield wrong(
            what,
            f"reference {number} cannot be read: {why}",
            f"`watcher references --retire {number}`",
        )
    few = too_few(counts)
    if not sum(counts):
        yield wrong(what, "all are retired", "add labeled images: `watcher train SOURCE`")
    elif few:
        have = ", ".join(f"{count or 'none'} of {digit}" for digit, count in few.items())
        yield warn(what, f"{sum(counts):,}, but {have}", "add more of them: `watcher train SOURCE`")
    elif not unreadable:
        yield ok(what, f"{sum(counts):,}, {min(counts):,} or more of each digit; {len(looked_at):,} read")


def model(config: Config) -> Iterator[Finding]:
    """Whether there is a classifier for the current references and settings."""
    what, folder = "classifier", classifier_folder(config)
    if folder is None:
        yield warn(what, "none: there are no references", "see references above")
    elif is_sound(folder):
        size = sum(file.stat().st_size for file in folder.iterdir())
        yield ok(what, f"made from these references and settings, {megabytes(size)}")
    else:
        yield warn(
            what,
            "none for these references and settings",
            "the next `watcher run` makes it first, which takes a while with many references",
        )


def classifier_folder(config: Config) -> Path | None:
    """Where the classifier for the references is or will be; None if there are no references."""
    if not config.database.file.exists():
        return None
    with closing(open_as_it_is(config.database.file)) as opened:
        store = ReferenceStore(opened)
        if not sum(store.counts()):
            return None
        return model_folder(store, config.recognition, config.cache)


def _forbidden(what: str, file: Path) -> Iterator[Finding]:
    for path in files_of(file):
        if path.exists() and not os.access(path, os.R_OK | os.W_OK):
            yield wrong(
                what,
                f"{shown(path)} cannot be read and written",
                f"`chown` it to the watcher's user, who owns {shown(path.parent)}",
            )
    if not os.access(file.parent, os.W_OK | os.X_OK):
        yield wrong(
            what,
            f"its folder {shown(file.parent)} cannot be written",
            f"let the watcher's user write in {shown(file.parent)}: SQLite keeps its write-ahead log there",
        )


def _write_ahead_log(file: Path) -> Iterator[Finding]:
    what = "write-ahead log"
    size = wal_of(file).stat().st_size if wal_of(file).exists() else 0
    if size > LARGE_WAL:
        yield warn(
            what,
            f"{megabytes(size)}",
            "it grows while another program reads without a pause: find it with `fuser`, and end it",
        )
    else:
        yield ok(what, megabytes(size))


def _fault(reference: Reference) -> str | None:
    try:
        read_picture(reference.image)
    except Unreadable as error:
        return str(error)
    return None
