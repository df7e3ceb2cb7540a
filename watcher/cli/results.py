"""`watcher results`."""

import csv
import json
import re
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import click

from watcher.cli import COMMANDS, configured
from watcher.cli.databases import to_read
from watcher.settings import Config
from watcher.store.clock import as_stamp
from watcher.store.results import COLUMNS, Query, ResultsLog, Status

TABLE_ROWS = 20
SHOWN = ("id", "name", "digit", "certainty", "runner_up", "status", "destination", "decided_at", "reason")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class _Moment(click.ParamType[str]):
    """A point in time, as a stamp: 2026-11-22, 2026-11-22T14:00, or an age such as 90m, 24h, 7d, 2w."""

    name = "WHEN"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            return as_stamp(_moment(value))
        except (ValueError, OverflowError):
            self.fail(
                f"{value!r} is no time; write 2026-11-22, 2026-11-22T14:00, or an age: 90m, 24h, 7d",
                param,
                ctx,
            )


@click.command(
    "results",
    short_help=COMMANDS["results"],
    epilog=r"""\b
Examples:
  watcher results                                the newest twenty
  watcher results --status review --since 24h    what should I look at?
  watcher results --digit 7 --below 0.95
  watcher results --format csv --limit 0 > log.csv""".replace(r"\b", "\b"),
)
@click.option(
    "--digit", "digits", multiple=True, type=click.IntRange(0, 9), help="Only this digit; repeatable."
)
@click.option(
    "--status",
    "statuses",
    multiple=True,
    type=click.Choice(get_args(Status)),
    help="Only this status; repeatable.",
)
@click.option(
    "--since", type=_Moment(), help="Decided at this time or later: a UTC time, or an age as 24h or 7d."
)
@click.option("--until", type=_Moment(), help="Decided before this time.")
@click.option("--above", type=click.FloatRange(0, 1), help="Only certainties of at least this.")
@click.option("--below", type=click.FloatRange(0, 1), help="Only certainties below this.")
@click.option("--name", metavar="PATTERN", help="Only names like this: scan-1*.png")
@click.option(
    "--limit",
    type=click.IntRange(0),
    help=f"At most so many; 0: all. A table shows {TABLE_ROWS}, the rest all.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "csv", "jsonl"]),
    default="table",
    help="How to print them.",
)
@click.option("--json", "form", flag_value="jsonl", help="The same as --format jsonl.")
@click.option("--csv", "form", flag_value="csv", help="The same as --format csv.")
@configured
def command(config: Config, form: str, limit: int | None, **asked: Any) -> None:
    """Query and export the log: newest first, all times in UTC."""
    if limit is None:
        limit = TABLE_ROWS if form == "table" else 0
    query = Query(
        digits=asked["digits"],
        statuses=asked["statuses"],
        since=asked["since"],
        until=asked["until"],
        certainty_from=asked["above"],
        certainty_below=asked["below"],
        name=asked["name"],
        limit=limit or None,
    )
    with to_read(config) as database:
        _FORMS[form](ResultsLog(database).query(query))


def _as_table(rows: Iterable[Sequence[Any]]) -> None:
    from watcher.cli.show import show_table  # noqa: PLC0415 - the other forms do without

    places = [COLUMNS.index(name) for name in SHOWN]
    cells = ([_cell(name, row[place]) for name, place in zip(SHOWN, places, strict=True)] for row in rows)
    show_table(SHOWN, cells, right=(0, 2, 3, 4))


def _as_csv(rows: Iterable[Sequence[Any]]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(rows)


def _as_json_lines(rows: Iterable[Sequence[Any]]) -> None:
    for row in rows:
        values = dict(zip(COLUMNS, row, strict=True))
        values["scores"] = None if values["scores"] is None else json.loads(values["scores"])
        sys.stdout.write(json.dumps(values) + "\n")


_FORMS = {"table": _as_table, "csv": _as_csv, "jsonl": _as_json_lines}


def _cell(name: str, value: Any) -> object:
    if name == "certainty" and value is not None:
        return f"{value:.3f}"
    if name == "decided_at":
        return value[:19].replace("T", " ")
    return value


def _moment(text: str) -> datetime:
    age = re.fullmatch(r"(\d{1,6})([smhdw])", text)
    if age:
        return datetime.now(UTC) - timedelta(**{_UNITS[age[2]]: int(age[1])})
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
