"""`watcher classify`."""

import os
import stat
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import click

from watcher.cli import COMMANDS, configured
from watcher.cli.show import show_json, show_table
from watcher.fitting import fitted_classifier
from watcher.folders.claims import LARGEST_FILE
from watcher.journey import judge
from watcher.settings import Config
from watcher.store.database import open_log
from watcher.store.references import ReferenceStore
from watcher.text import name_as_text
from watcher.workers import Recognized, recognize


@click.command(
    "classify",
    short_help=COMMANDS["classify"],
    epilog="""\b
Examples:
  watcher classify scan.png
  watcher classify --json outbox/review/* | jq .digit""",
)
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(path_type=Path, readable=False), metavar="FILE..."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line instead of a table.")
@configured
def command(config: Config, files: tuple[Path, ...], *, as_json: bool) -> None:
    """Say what is in these files; move and record nothing.

    Exits with 1 where a file could not be read.
    """
    with closing(open_log(config.database.file)) as database:
        fitted = fitted_classifier(ReferenceStore(database), config.recognition, config.cache)
    answers = ((file, _recognize(file, fitted.folder)) for file in files)
    described = (_describe(file, answer, config.recognition.review_below) for file, answer in answers)
    unread = 0
    if as_json:
        for row in described:
            unread += row["status"] == "failed"
            show_json(row)
    else:
        rows = list(described)
        unread = sum(row["status"] == "failed" for row in rows)
        headings = ("file", "digit", "certainty", "runner_up", "status", "reason")
        show_table(headings, ([_cell(row[heading]) for heading in headings] for row in rows), right=(1, 2, 3))
    sys.exit(1 if unread else 0)


def _recognize(file: Path, fitted: Path) -> Recognized:
    try:
        with open(file, "rb", opener=_without_waiting) as opened:
            if not stat.S_ISREG(os.fstat(opened.fileno()).st_mode):
                return Recognized(None, None, "it is no regular file")
            data = opened.read(LARGEST_FILE + 1)
    except OSError as error:
        return Recognized(None, None, f"it cannot be read: {error.strerror}")
    if len(data) > LARGEST_FILE:
        return Recognized(None, None, f"it is longer than {LARGEST_FILE:,} bytes")
    return recognize(fitted, [data])[0]


def _without_waiting(path: str, flags: int) -> int:
    """Open a file; a named pipe would otherwise wait for somebody to write into it."""
    return os.open(path, flags | os.O_NONBLOCK)


def _describe(file: Path, recognized: Recognized, review_below: float) -> dict[str, Any]:
    status, reason = judge(recognized, review_below)
    reading = recognized.reading
    return {
        "file": name_as_text(str(file)),
        "digit": reading.digit if reading else None,
        "certainty": reading.certainty if reading else None,
        "runner_up": reading.runner_up if reading else None,
        "scores": reading.scores if reading else None,
        "status": status,
        "reason": reason,
        "nearest": reading.nearest if reading else None,
    }


def _cell(value: object) -> object:
    return f"{value:.3f}" if isinstance(value, float) else value
