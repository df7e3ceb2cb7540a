"""Progress bars, tables, JSON and warnings, as all commands print them."""

import json
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from typing import IO, Any, TextIO

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from watcher.text import printable


@contextmanager
def progress_bar(screen: TextIO | None = None) -> Iterator[Progress]:
    """A progress bar on standard error, or on `screen`; shows nothing if that is not a terminal.

    What is printed to the same terminal meanwhile comes above the bar.
    """
    console = Console(file=screen or sys.stderr)
    is_shown = console.is_terminal and not console.is_dumb_terminal
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        redirect_stdout=False,  # rich would take what is printed into a file for the terminal's
        redirect_stderr=False,
        disable=not is_shown,
    )
    with bar, _printed_above(console) if is_shown and screen is None else nullcontext():
        yield bar


@contextmanager
def _printed_above(console: Console) -> Iterator[None]:
    """While in the context, what is printed to this console's terminal goes through the console."""
    before = {name: getattr(sys, name) for name in ("stdout", "stderr")}
    above = {
        name: _AboveBar(console, stream)
        for name, stream in before.items()
        if is_same_terminal(stream, console.file)
    }
    try:
        for name, stream in above.items():
            setattr(sys, name, stream)
        yield
    finally:
        for name, stream in above.items():
            stream.end_line()
            setattr(sys, name, before[name])


def is_same_terminal(one: IO[str], other: IO[str]) -> bool:
    """Whether two streams go to one and the same terminal."""
    if not (one.isatty() and other.isatty()):
        return False
    return os.fstat(one.fileno()).st_rdev == os.fstat(other.fileno()).st_rdev


class _AboveBar:
    """A standard stream on the terminal of a progress bar: its whole lines are printed above the bar."""

    def __init__(self, console: Console, stream: TextIO) -> None:
        self.encoding = stream.encoding
        self.errors = stream.errors
        self._console = console
        self._stream = stream
        self._begun = ""

    def write(self, text: str) -> int:
        *lines, self._begun = (self._begun + text).split("\n")
        if lines:
            self._console.print(Text.from_ansi("\n".join(lines)), soft_wrap=True)
        return len(text)

    def end_line(self) -> None:
        """Print a line that was begun and not ended."""
        if self._begun:
            self.write("\n")

    def flush(self) -> None:
        pass

    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._stream.fileno()


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
