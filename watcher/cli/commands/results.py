"""`watcher results`."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import click

from watcher.cli import COMMANDS, configured
from watcher.cli.databases import to_read
from watcher.cli.filters import filtered
from watcher.cli.forms import formatted
from watcher.cli.layout import Column
from watcher.cli.output import print_table, wide_option
from watcher.cli.text_formats import write_csv, write_json_lines
from watcher.config.settings import Config
from watcher.store.results import COLUMNS, Query, ResultsLog
from watcher.text import brief_time, percent

TABLE_ROWS = 20
SHOWN = (
    Column("id", right=True),
    Column("name", least=10, middle=True),
    Column("digit", right=True),
    Column("certainty", right=True, rank=1),
    Column("runner_up", right=True, rank=5, spare=True),
    Column("status"),
    Column("destination", least=12, middle=True, rank=6, spare=True),
    Column("decided_at", rank=3, brief=brief_time),
    Column("reason", least=22, rank=2),
)


@click.command(
    "results",
    short_help=COMMANDS["results"],
    epilog=r"""\b
Examples:
  watcher results                                the newest twenty
  watcher results --status review --since 24h    which pictures should I look at?
  watcher results --digit 7 --below 0.95
  watcher results --format csv --limit 0 > log.csv""".replace(r"\b", "\b"),
)
@filtered
@click.option(
    "--limit",
    type=click.IntRange(0),
    help=f"At most this many rows; 0: all. The default is {TABLE_ROWS} for a table, else all.",
)
@formatted
@wide_option
@configured
def command(config: Config, query: Query, form: str, limit: int | None, *, wide: bool) -> None:
    """Query the log. The newest rows come first. All times are UTC.

    On a narrow terminal, the table has fewer columns; a time of this year is shown as 11-26 14:00.
    """
    if limit is None:
        limit = TABLE_ROWS if form == "table" else 0
    with to_read(config) as database:
        rows = ResultsLog(database).query(replace(query, limit=limit or None))
        if form == "table":
            _show(list(rows), is_all=query == Query(), wide=wide)
        else:
            (write_csv if form == "csv" else write_json_lines)(rows, sys.stdout)


def _show(rows: Sequence[Sequence[Any]], *, is_all: bool, wide: bool) -> None:
    if not rows:
        click.echo("The log has no rows yet." if is_all else "No row of the log matches.")
        return
    names = [column.heading for column in SHOWN]
    places = [COLUMNS.index(name) for name in names]
    cells = ([_cell(name, row[place]) for name, place in zip(names, places, strict=True)] for row in rows)
    print_table(SHOWN, cells, wide=wide)


def _cell(name: str, value: Any) -> object:
    if name == "certainty" and value is not None:
        return percent(value)
    if name == "decided_at":
        return value[:19].replace("T", " ")
    return value
