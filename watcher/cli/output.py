"""What commands have in common in showing things."""

import json
import sys
from collections.abc import Iterable
from typing import Any

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from watcher.text import printable


def progress_bar() -> Progress:
    """A bar on a terminal, nothing elsewhere; on the standard error stream, out of the output's way."""
    console = Console(stderr=True)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


def print_table(
    headings: Iterable[str], rows: Iterable[Iterable[object]], *, right: Iterable[int] = ()
) -> None:
    """Print a table; the columns whose numbers are in `right` are set flush right."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    flush_right = set(right)
    for number, heading in enumerate(headings):
        table.add_column(heading, justify="right" if number in flush_right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(printable("" if cell is None else str(cell))) for cell in row))
    console = Console()
    if not console.is_terminal:
        console = Console(width=200)  # a pipe has no width; lines are not to be broken for one
    console.print(table)


def print_json(value: Any) -> None:
    """Print one JSON object on a line of its own."""
    click.echo(json.dumps(value, allow_nan=False))


def print_warning(message: str) -> None:
    """Say on the standard error stream what was wrong with part of what was given."""
    click.echo(f"watcher: {printable(message)}", err=True)
    sys.stderr.flush()
