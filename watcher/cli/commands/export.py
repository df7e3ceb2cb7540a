"""`watcher export`."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from watcher.cli import COMMANDS, configured
from watcher.cli.atomic_write import put_in_place, temporary_beside
from watcher.cli.databases import to_read
from watcher.cli.filters import filtered
from watcher.cli.output import progress_bar
from watcher.cli.parquet import pyarrow, write_parquet
from watcher.cli.text_formats import Rows, write_csv, write_json_lines
from watcher.config.settings import Config
from watcher.errors import WatcherError
from watcher.store.results import ROWS_AT_ONCE, Query, ResultsLog
from watcher.text import counted, printable, refusal

FORMS = ("csv", "jsonl", "parquet")


class ExportError(WatcherError):
    """The log cannot be exported there."""


@click.command(
    "export",
    short_help=COMMANDS["export"],
    epilog="""\b
Examples:
  watcher export log.csv
  watcher export last-week.parquet --since 7d
  watcher export uncertain.jsonl --status review --below 0.6
  watcher export log.csv --force                 replace yesterday's file""",
)
@click.argument("file", type=click.Path(path_type=Path, readable=False))
@filtered
@click.option(
    "--format", "form", type=click.Choice(FORMS), help="The format; without it, the file's ending decides."
)
@click.option("--force", is_flag=True, help="Replace a file that exists, once the new one is complete.")
@configured
def command(config: Config, query: Query, file: Path, form: str | None, *, force: bool) -> None:
    """Write the log to a file: CSV, JSON lines or Parquet, newest first.

    The file's ending decides the format: .csv, .jsonl or .parquet. The file has a temporary name until it is
    complete. A long log needs little memory, and a daemon may run meanwhile. Parquet needs pyarrow: `pip
    install 'watcher[parquet]'`.
    """
    shown = printable(str(file))
    form = form or _form_of(file)
    if form == "parquet":
        pyarrow()
    target = Path(os.path.realpath(file))
    try:
        _refuse(target, shown, force=force)
        with to_read(config) as database, temporary_beside(target) as temporary:
            log = ResultsLog(database)
            with progress_bar() as bar:
                task = bar.add_task("exporting", total=None if bar.disable else log.count(query))
                rows = _Counted(log.query(query), lambda more: bar.advance(task, more))
                _write(form, rows, temporary)
            put_in_place(temporary, target, replacing=force)
    except FileExistsError:
        raise ExportError(f"{shown}: another program made it meanwhile; it was not changed") from None
    except OSError as error:
        raise ExportError(f"{shown}: the log cannot be exported there: {refusal(error, target)}") from error
    click.echo(f"{counted(rows.count, 'row')} in {shown}", err=True)


class _Counted:
    """Rows, counted as they are read."""

    def __init__(self, rows: Rows, progress: Any) -> None:
        self._rows = rows
        self._progress = progress
        self.count = 0

    def __iter__(self) -> Iterator[Any]:
        for row in self._rows:
            yield row
            self.count += 1
            if self.count % ROWS_AT_ONCE == 0:
                self._progress(ROWS_AT_ONCE)


def _write(form: str, rows: Rows, file: Path) -> None:
    if form == "parquet":
        write_parquet(rows, file)
        return
    with file.open("w", encoding="utf-8", newline="") as stream:
        (write_csv if form == "csv" else write_json_lines)(rows, stream)


def _form_of(file: Path) -> str:
    form = file.suffix.removeprefix(".").lower()
    if form not in FORMS:
        raise click.UsageError(
            f"{printable(file.name)}: end the name in .csv, .jsonl or .parquet, or give --format; "
            "to print the log, use `watcher results --csv`"
        )
    return form


def _refuse(target: Path, shown: str, *, force: bool) -> None:
    try:
        mode = target.stat().st_mode
    except FileNotFoundError:
        return
    if stat.S_ISDIR(mode):
        raise ExportError(f"{shown}: it is a folder; give the name of a file")
    if not stat.S_ISREG(mode):
        raise ExportError(f"{shown}: it is not a regular file; choose another name")
    if not force:
        raise ExportError(f"{shown}: it exists; choose another name, or replace it with --force")
