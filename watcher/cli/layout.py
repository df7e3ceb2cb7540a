"""Fit tables and lines into a terminal's width, one line a row."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size

GAP = 2
"""Blanks between two columns."""
READABLE = 36
"""A cell that is cut to this can still be read."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table, and what may happen to it if room is short.

    First, `brief` gives a shorter form of each cell. Then columns are left out, the highest `rank` first, the
    last of equal ranks first; rank 0 stays. Last, cells are cut to `least` columns of the terminal or more;
    None: they are not cut. Names and paths lose their `middle`, other texts their end. A `spare` column is
    left out before any cell is cut below READABLE.
    """

    heading: str
    right: bool = False
    rank: int = 0
    spare: bool = False
    least: int | None = None
    middle: bool = False
    brief: Callable[[str], str] | None = None


@dataclass(frozen=True, slots=True)
class Fitted:
    """The numbers of the columns that have room, their widths, and all cells, some in their brief form."""

    numbers: Sequence[int]
    widths: Sequence[int]
    rows: Sequence[Sequence[str]]
    is_cut: bool


def terminal_width() -> int | None:
    """The columns of the terminal that shows standard output; None if it goes elsewhere."""
    if sys.stdout is None or not sys.stdout.isatty():
        return None
    try:
        columns = os.get_terminal_size(sys.stdout.fileno()).columns
    except OSError:
        columns = 0
    return columns or shutil.get_terminal_size().columns  # COLUMNS, or 80


def fitted(columns: Sequence[Column], rows: Sequence[Sequence[str]], room: int | None) -> Fitted:
    """The table as it fits into so many columns of a terminal; None is room for everything."""
    numbers = list(range(len(columns)))
    widths = _natural(columns, rows)
    if room is None or _total(widths) <= room:
        return Fitted(numbers, widths, rows, is_cut=False)
    rows = [[_brief(column, cell) for column, cell in zip(columns, row, strict=True)] for row in rows]
    widths = _natural(columns, rows)
    empty = [number for number in numbers if columns[number].rank and not any(row[number] for row in rows)]
    least = [
        width if column.least is None else min(width, max(column.least, cell_len(column.heading)))
        for column, width in zip(columns, widths, strict=True)
    ]
    while _total([widths[n] for n in numbers]) > room and empty:
        numbers.remove(empty.pop())
    readable = [min(width, max(READABLE, low)) for width, low in zip(widths, least, strict=True)]
    numbers = _with_room(columns, [n for n in numbers if columns[n].spare], numbers, readable, room)
    numbers = _with_room(columns, [n for n in numbers if columns[n].rank], numbers, least, room)
    given = _shared_out([least[n] for n in numbers], [widths[n] for n in numbers], room)
    is_cut = any(width < widths[n] for n, width in zip(numbers, given, strict=True))
    return Fitted(numbers, given, rows, is_cut=is_cut)


def cut(text: str, width: int, *, middle: bool = False, mark: str = "…") -> str:
    """The text in at most so many columns of a terminal; `mark` stands for what is left out."""
    if cell_len(text) <= width:
        return text
    room = max(width - cell_len(mark), 0)
    if not middle:
        return set_cell_size(text, room).rstrip() + mark
    tail = room // 2
    end = text
    while cell_len(end) > tail:
        end = end[1:]
    return set_cell_size(text, room - cell_len(end)) + mark + end


def padded(text: str, width: int, *, right: bool) -> str:
    """The text in exactly so many columns of a terminal, or longer if it is."""
    blanks = " " * max(width - cell_len(text), 0)
    return blanks + text if right else text + blanks


def wrapped(text: str, width: int) -> Iterator[str]:
    """The text in lines of at most so many columns, broken at blanks; long words are broken anywhere."""
    line = ""
    for word in text.split(" "):
        if line and cell_len(line) + 1 + cell_len(word) > width:
            yield line
            line = ""
        line = f"{line} {word}" if line else word
        while cell_len(line) > width:
            head = _head(line, width)
            yield head
            line = line[len(head) :]
    yield line


def _with_room(
    columns: Sequence[Column],
    dispensable: Sequence[int],
    numbers: Sequence[int],
    widths: Sequence[int],
    room: int,
) -> list[int]:
    """The columns that stay so that these widths fit; the dispensable go, the highest rank first."""
    left = list(numbers)
    for number in sorted(dispensable, key=lambda n: (columns[n].rank, n), reverse=True):
        if _total([widths[n] for n in left]) <= room:
            break
        left.remove(number)
    return left


def _head(text: str, width: int) -> str:
    """The longest beginning that fits, up to a slash if there is one late enough; never nothing."""
    end = len(text)
    while end > 1 and cell_len(text[:end]) > width:
        end -= 1
    slash = text.rfind("/", end // 2, end)
    return text[: slash + 1] if slash > 0 else text[:end]


def _natural(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> list[int]:
    return [
        max([cell_len(column.heading), *(cell_len(row[number]) for row in rows)])
        for number, column in enumerate(columns)
    ]


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + GAP * (len(widths) - 1)


def _brief(column: Column, cell: str) -> str:
    return column.brief(cell) if column.brief and cell else cell


def _shared_out(least: Sequence[int], most: Sequence[int], room: int) -> list[int]:
    """Widths between `least` and `most` that fill the room: the narrowest grow first."""
    given = list(least)
    left = room - _total(given)
    while left > 0:
        growing = [n for n, width in enumerate(given) if width < most[n]]
        if not growing:
            break
        narrowest = min(growing, key=lambda n: given[n])
        given[narrowest] += 1
        left -= 1
    return given
