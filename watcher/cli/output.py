"""Progress bars, tables, JSON and warnings, as all commands print them."""

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
    """A progress bar on standard error; shows nothing if that is not a terminal."""
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
    """Print a table; the columns with these numbers in `right` are right-aligned."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    flush_right = set(right)
    for number, heading in enumerate(headings):
        table.add_column(heading, justify="right" if number in flush_right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(printable("" if cell is None else str(cell))) for cell in row))
    console = Console()
    if not console.is_terminal:
        console = Console(width=200)  # a pipe has no width, and its lines are not to be broken
    console.print(table)


def print_json(value: Any) -> None:
    """Print one JSON value on one line."""
    click.echo(json.dumps(value, allow_nan=False))


def print_warning(message: str) -> None:
    """Print to standard error what was wrong with a part of the input; the rest is still done."""
    click.echo(f"watcher: {printable(message)}", err=True)
    sys.stderr.flush()
