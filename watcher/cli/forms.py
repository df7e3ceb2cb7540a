"""The options that choose how a command prints its rows: as a table, CSV or JSON lines."""

from collections.abc import Callable
from functools import update_wrapper
from typing import Any

import click

_OPTIONS = (
    click.option(
        "--format",
        "chosen",
        type=click.Choice(["table", "csv", "jsonl"]),
        help="The output format.  [default: table]",
    ),
    click.option("--json", "as_json", is_flag=True, help="The same as --format jsonl: one object a line."),
    click.option("--csv", "as_csv", is_flag=True, help="The same as --format csv."),
)


def formatted(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command --format, --json and --csv, and pass it the format as `form`.

    Two different formats are a wrong use.
    """

    def with_form(*args: Any, chosen: str | None, as_json: bool, as_csv: bool, **others: Any) -> Any:
        asked = {"jsonl": as_json, "csv": as_csv}
        forms = {form for form, is_asked in asked.items() if is_asked} | ({chosen} if chosen else set())
        if len(forms) > 1:
            raise click.UsageError(f"give one format, not {' and '.join(sorted(forms))}")
        return function(*args, form=forms.pop() if forms else "table", **others)

    decorated: Callable[..., Any] = update_wrapper(with_form, function)
    for option in reversed(_OPTIONS):
        decorated = option(decorated)
    return decorated
