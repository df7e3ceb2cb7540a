"""`watcher sql`."""

import csv
import json
import math
import re
import sys
from collections.abc import Sequence
from itertools import islice
from typing import Any

import click

from watcher.cli import COMMANDS, configured
from watcher.cli.databases import to_read
from watcher.cli.forms import formatted
from watcher.cli.layout import Column
from watcher.cli.output import print_hanging, print_json, print_table, wide_option
from watcher.config.settings import Config
from watcher.store.read_only import Answer, run_query, table_descriptions
from watcher.text import brief_time

TABLE_ROWS = 1000
NAMES = {"name", "destination", "source", "claim"}
"""Columns whose texts are recognized by their end."""
_STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


@click.command(
    "sql",
    short_help=COMMANDS["sql"],
    epilog="""\b
Examples:
  watcher sql --tables                           which tables and columns are there?
  watcher sql "SELECT * FROM daily LIMIT 7"
  watcher sql "SELECT reason, count(*) FROM failures GROUP BY reason"
  watcher sql --csv "SELECT day, files FROM daily" > days.csv
  watcher sql - < query.sql""",
)
@click.argument("query", required=False)
@click.option(
    "--tables",
    is_flag=True,
    help="List tables and views, with the meaning of each column; with --json as one object.",
)
@formatted
@wide_option
@configured
def command(config: Config, query: str | None, form: str, *, tables: bool, wide: bool) -> None:
    """Query the log in SQL. The log is only read.

    QUERY is one statement in SQLite's SQL; - reads it from standard input. It cannot change anything, and a
    daemon may run meanwhile. Ctrl-C ends a query that takes too long.
    """
    if tables == (query is not None):
        raise click.UsageError('give a query, such as `watcher sql "SELECT * FROM daily"`, or --tables')
    if query is None:
        if form == "csv":
            raise click.UsageError("--tables has no CSV; leave --csv out, or give --json")
        if form == "table":
            _show_tables(wide=wide)
        else:
            _show_tables_as_json()
        return
    if query == "-":
        query = sys.stdin.buffer.read().decode("utf-8", "surrogateescape")
    with to_read(config) as database, run_query(database.file, query) as answer:
        if form == "table":
            _as_table(answer, wide=wide)
        else:
            (_as_csv if form == "csv" else _as_json_lines)(answer)


def _show_tables(*, wide: bool) -> None:
    for one in table_descriptions():
        print_hanging(f"{click.style(one.name, bold=True)}: ", one.meaning, wide=wide)
        longest = max(len(name) for name, _, _ in one.columns)
        for name, kind, meaning in one.columns:
            print_hanging(f"  {name:<{longest}}  {kind:<7}  ", meaning, wide=wide)
        click.echo()


def _show_tables_as_json() -> None:
    print_json(
        {
            one.name: {
                "description": one.meaning,
                "columns": {name: meaning for name, _, meaning in one.columns},
            }
            for one in table_descriptions()
        }
    )


def _as_table(answer: Answer, *, wide: bool) -> None:
    rows = list(islice(answer.rows, TABLE_ROWS))
    if not rows:
        click.echo("The answer has no rows.")
        return
    columns = [
        Column(heading, right=True, rank=number)
        if all(isinstance(row[number], int | float | None) for row in rows)
        else Column(heading, rank=number, least=12, middle=heading in NAMES, brief=_brief)
        for number, heading in enumerate(answer.columns)
    ]
    print_table(columns, ([_cell(value) for value in row] for row in rows), wide=wide)
    if len(rows) == TABLE_ROWS and next(answer.rows, None) is not None:
        click.echo(f"These are the first {TABLE_ROWS:,} rows; --csv and --json print all.", err=True)


def _as_csv(answer: Answer) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(answer.columns)
    writer.writerows([_plain(value) for value in row] for row in answer.rows)


def _as_json_lines(answer: Answer) -> None:
    names = _distinct(answer.columns)
    for row in answer.rows:
        values = dict(zip(names, map(_plain, row), strict=True))
        sys.stdout.write(json.dumps(values, allow_nan=False) + "\n")


def _brief(cell: str) -> str:
    """The short form of a stamp; other text as it is."""
    return brief_time(cell) if _STAMP.fullmatch(cell) else cell


def _cell(value: Any) -> object:
    if isinstance(value, bytes):
        return f"{len(value):,} bytes"
    return f"{value:.6g}" if isinstance(value, float) else value


def _plain(value: Any) -> object:
    """A value for CSV and JSON: bytes in hex, infinite and undefined numbers as text."""
    if isinstance(value, bytes):
        return value.hex()
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _distinct(names: Sequence[str]) -> list[str]:
    """The names, numbered if they repeat, so that an object keeps both columns."""
    given: list[str] = []
    for name in names:
        number, distinct = 1, name
        while distinct in given:
            number += 1
            distinct = f"{name}_{number}"
        given.append(distinct)
    return given
