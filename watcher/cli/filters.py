"""Options that select rows of the log, shared by several commands."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import update_wrapper
from typing import Any, get_args

import click

from watcher.store.results import Query, Status
from watcher.store.timestamps import as_stamp

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class MomentParam(click.ParamType[str]):
    """A time, converted to a stamp: 2026-11-22, 2026-11-22T14:00, or an age such as 90m, 24h, 7d, 2w."""

    name = "WHEN"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The stamp. Raises click.BadParameter."""
        try:
            return as_stamp(_moment(value))
        except (ValueError, OverflowError):
            self.fail(
                f"{value!r} is not a time; write 2026-11-22, 2026-11-22T14:00, or an age: 90m, 24h, 7d",
                param,
                ctx,
            )


since_option = click.option(
    "--since",
    type=MomentParam(),
    help="Decided at this time or later, up to now: a UTC time, or an age such as 24h or 7d.",
)
until_option = click.option("--until", type=MomentParam(), help="Decided before this time.")
_OPTIONS = (
    click.option(
        "--digit",
        "digits",
        multiple=True,
        type=click.IntRange(0, 9),
        help="Only this digit; repeatable.",
    ),
    click.option(
        "--status",
        "statuses",
        multiple=True,
        type=click.Choice(get_args(Status)),
        help="Only this status; repeatable.",
    ),
    since_option,
    until_option,
    click.option("--above", type=click.FloatRange(0, 1), help="Only a certainty of at least this, 0 to 1."),
    click.option("--below", type=click.FloatRange(0, 1), help="Only a certainty below this, 0 to 1."),
    click.option("--name", metavar="PATTERN", help="Only names that match, such as scan-1*.png."),
)


def filtered(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that select rows, and pass it the Query as `query`."""

    def with_query(
        *args: Any, digits: Any, statuses: Any, above: float | None, below: float | None, **others: Any
    ) -> Any:
        names = ("since", "until", "name")
        named = {name: others.pop(name) for name in names}
        named["until"] = named["until"] or _end(named["since"])
        query = Query(digits, statuses, certainty_from=above, certainty_below=below, **named)
        return function(*args, query=query, **others)

    decorated: Callable[..., Any] = update_wrapper(with_query, function)
    for option in reversed(_OPTIONS):
        decorated = option(decorated)
    return decorated


def _end(since: str | None) -> str | None:
    """Where a span ends that has no --until: now. Rows of the future need a --since of the future."""
    now = as_stamp(datetime.now(UTC))
    return now if since is not None and since <= now else None


def _moment(text: str) -> datetime:
    age = re.fullmatch(r"(\d{1,6})([smhdw])", text)
    if age:
        return datetime.now(UTC) - timedelta(**{_UNITS[age[2]]: int(age[1])})
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
