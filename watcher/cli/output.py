"""Progress bars, tables, JSON and warnings, as all commands print them."""

import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import IO, Any, TextIO

import click
from rich.cells import cell_len
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from watcher.cli.layout import GAP, Column, cut, fitted, padded, terminal_width, wrapped
from watcher.text import printable

MOST_NARROW = 20
"""The least columns that wrapped text gets, however narrow the terminal is."""

wide_option = click.option(
    "--wide", is_flag=True, help="Show every column in full, however narrow the terminal is."
)


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
    headings: Iterable[str | Column],
    rows: Iterable[Iterable[object]],
    *,
    right: Iterable[int] = (),
    wide: bool = False,
) -> None:
    """Print a table, one line a row; the columns with these numbers in `right` are right-aligned.

    It fits the terminal: see `Column`. What has no room is named. `wide` prints everything.
    """
    flush_right = set(right)
    columns = [
        heading if isinstance(heading, Column) else Column(heading, right=number in flush_right)
        for number, heading in enumerate(headings)
    ]
    cells = [[_encodable(printable("" if cell is None else str(cell))) for cell in row] for row in rows]
    room = None if wide else terminal_width()
    table = fitted(columns, cells, room)
    shown = [columns[number] for number in table.numbers]
    if any(column.heading for column in shown):
        click.secho(_line([column.heading for column in shown], shown, table.widths), bold=True)
        click.echo(_encodable("─", "-") * (sum(table.widths) + GAP * (len(shown) - 1)))
    for row in table.rows:
        click.echo(_line([row[number] for number in table.numbers], shown, table.widths))
    left_out = [
        column.heading
        for number, column in enumerate(columns)
        if number not in table.numbers and any(row[number] for row in cells)
    ]
    if room is not None and (left_out or table.is_cut):
        words = f"no room for {', '.join(left_out)}" if left_out else "some cells are cut"
        click.echo(cut(f"(--wide shows all: {words}", room - 1, mark=_encodable("…", "~")) + ")", err=True)


def print_hanging(beginning: str, text: str, *, wide: bool = False, color: str | None = None) -> None:
    """Print text after a beginning; on a terminal it is wrapped, and further lines are indented as far."""
    indent = cell_len(click.unstyle(beginning))
    room = None if wide else terminal_width()
    shown = _encodable(printable(text))
    lines = [shown] if room is None else list(wrapped(shown, max(room - indent, MOST_NARROW)))
    for number, line in enumerate(lines):
        click.echo((" " * indent if number else beginning) + (click.style(line, fg=color) if color else line))


def _line(cells: Sequence[str], columns: Sequence[Column], widths: Sequence[int]) -> str:
    mark = _encodable("…", "~")
    parts = (
        padded(cut(cell, width, middle=column.middle, mark=mark), width, right=column.right)
        for cell, column, width in zip(cells, columns, widths, strict=True)
    )
    return (" " * GAP).join(parts).rstrip()


def _encodable(text: str, instead: str | None = None) -> str:
    """The text as standard output can show it: `instead`, or with escapes, if it has not all characters."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.encode(encoding, "backslashreplace").decode(encoding) if instead is None else instead
    return text


def print_json(value: Any) -> None:
    """Print one JSON value on one line."""
    click.echo(json.dumps(value, allow_nan=False))


def print_warning(message: str) -> None:
    """Print to standard error what was wrong with a part of the input; the rest is still done."""
    click.echo(f"watcher: {printable(message)}", err=True)
    sys.stderr.flush()
