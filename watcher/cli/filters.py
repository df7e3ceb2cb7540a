"""Options that select rows of the log, shared by several commands."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import update_wrapper
from typing import Any, get_args

import click

from watcher.cli.moments import MomentParam
from watcher.store.results import Query, Status
from watcher.store.timestamps import as_stamp

SINCE_HELP = (
    "Decided at this time or later, up to now: an age (90min, 24h, 7d, 2w, 6m for months, 1y), a day of this "
    "machine's time (today, yesterday, 2026-11-22), or a UTC time (2026-11-22T14:00)."
)

since_option = click.option(
    "--since",
    type=MomentParam(),
    help=SINCE_HELP,
)
until_option = click.option("--until", type=MomentParam(), help="Decided before this; written like --since.")
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
