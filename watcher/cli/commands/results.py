"""`watcher results`."""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import click

from watcher.cli import COMMANDS, configured
from watcher.cli.databases import to_read
from watcher.cli.filters import filtered
from watcher.cli.text_formats import write_csv, write_json_lines
from watcher.config.settings import Config
from watcher.store.results import COLUMNS, Query, ResultsLog
from watcher.text import percent

TABLE_ROWS = 20
SHOWN = ("id", "name", "digit", "certainty", "runner_up", "status", "destination", "decided_at", "reason")


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
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "csv", "jsonl"]),
    default="table",
    help="The output format.",
)
@click.option("--json", "form", flag_value="jsonl", help="The same as --format jsonl.")
@click.option("--csv", "form", flag_value="csv", help="The same as --format csv.")
@configured
def command(config: Config, query: Query, form: str, limit: int | None) -> None:
    """Query the log. The newest rows come first. All times are UTC."""
    if limit is None:
        limit = TABLE_ROWS if form == "table" else 0
    with to_read(config) as database:
        rows = ResultsLog(database).query(replace(query, limit=limit or None))
        if form == "table":
            _show(rows)
        else:
            (write_csv if form == "csv" else write_json_lines)(rows, sys.stdout)


def _show(rows: Iterable[Sequence[Any]]) -> None:
    from watcher.cli.output import print_table  # noqa: PLC0415 - the other formats do not need it

    places = [COLUMNS.index(name) for name in SHOWN]
    cells = ([_cell(name, row[place]) for name, place in zip(SHOWN, places, strict=True)] for row in rows)
    print_table(SHOWN, cells, right=(0, 2, 3, 4))


def _cell(name: str, value: Any) -> object:
    if name == "certainty" and value is not None:
        return percent(value)
    if name == "decided_at":
        return value[:19].replace("T", " ")
    return value
