"""`watcher sql`."""

import csv
import json
import math
import sys
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any

import click

from watcher.cli import COMMANDS, configured
from watcher.cli.databases import to_read
from watcher.cli.output import print_json, print_table
from watcher.config.settings import Config
from watcher.store.read_only import Answer, run_query, table_descriptions

TABLE_ROWS = 1000


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
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "csv", "jsonl"]),
    default="table",
    help="The output format.",
)
@click.option("--json", "form", flag_value="jsonl", help="The same as --format jsonl: one object a line.")
@click.option("--csv", "form", flag_value="csv", help="The same as --format csv.")
@configured
def command(config: Config, query: str | None, form: str, *, tables: bool) -> None:
    """Query the log in SQL. The log is only read.

    QUERY is one statement in SQLite's SQL; - reads it from standard input. It cannot change anything, and a
    daemon may run meanwhile. Ctrl-C ends a query that takes too long.
    """
    if tables == (query is not None):
        raise click.UsageError('give a query, such as `watcher sql "SELECT * FROM daily"`, or --tables')
    if query is None:
        if form == "csv":
            raise click.UsageError("--tables has no CSV; leave --csv out, or give --json")
        (_show_tables if form == "table" else _show_tables_as_json)()
        return
    if query == "-":
        query = sys.stdin.buffer.read().decode("utf-8", "surrogateescape")
    with to_read(config) as database, run_query(database.file, query) as answer:
        _FORMS[form](answer)


def _show_tables() -> None:
    for one in table_descriptions():
        click.secho(one.name, bold=True, nl=False)
        click.echo(f": {one.meaning}")
        print_table(["column", "type", "what it means"], one.columns)


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


def _as_table(answer: Answer) -> None:
    rows = list(islice(answer.rows, TABLE_ROWS))
    numeric = [
        number
        for number in range(len(answer.columns))
        if all(isinstance(row[number], int | float | None) for row in rows)
    ]
    print_table(answer.columns, ([_cell(value) for value in row] for row in rows), right=numeric)
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


_FORMS: dict[str, Callable[[Answer], None]] = {"table": _as_table, "csv": _as_csv, "jsonl": _as_json_lines}


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
