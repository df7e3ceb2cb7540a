"""Words for people: names that may hold anything, numbers, and suggestions for misspelled names."""

import difflib
import os
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from watcher.errors import to_change


def name_as_text(name: str) -> str:
    r"""A file's name as the log keeps it: valid Unicode, with bytes that are not UTF-8 as `\xNN`."""
    return name if name.isascii() else os.fsencode(name).decode("utf-8", "backslashreplace")


def printable(text: str) -> str:
    """The text with control characters, direction marks and lone surrogates escaped; it stays on one line."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else _escaped(c) for c in text)


def counted(number: int, thing: str) -> str:
    """A number and its noun: `1 claim`, `1,204 claims`."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def percent(certainty: float) -> str:
    """A certainty from 0 to 1 as people read it: 0.98376 → `98.3 %`.

    Rounded down, so that it never seems to reach a threshold that it is below. Only 1 is `100.0 %`.
    """
    tenths = int(1000 * Decimal(str(float(certainty))))
    return f"{tenths // 10}.{tenths % 10} %"


def a_digit(digit: int) -> str:
    """A digit with its article: `a 4`, `an 8`."""
    return f"{'an' if digit == 8 else 'a'} {digit}"


def exact_percent(share: float) -> str:
    """A threshold or another given share from 0 to 1 with all its digits: 0.9 → `90 %`, 0.995 → `99.5 %`."""
    return f"{100 * share:g} %"


def share_percent(share: float, places: int = 1) -> str:
    """0.0305 → 3.1 %: rounded, but to 0 or 100 % only if it is exactly that."""
    shown = round(100 * share, places)
    step = 10.0**-places
    if share > 0:
        shown = max(shown, step)
    if share < 1:
        shown = min(shown, 100 - step)
    return f"{shown:.{places}f} %"


def local_day(stamp: str) -> str:
    """The day of a stamp in this machine's time: `2026-11-26`."""
    return f"{datetime.fromisoformat(stamp).astimezone():%Y-%m-%d}"


def brief_time(text: str, year: int | None = None) -> str:
    """A stamp or `2026-11-26 14:00:05` to the minute: `11-26 14:00`; a day of another year as `2025-11-26`.

    `year` is the current one by default.
    """
    this_year = datetime.now(UTC).year if year is None else year
    return f"{text[5:10]} {text[11:16]}" if text[:4] == f"{this_year:04}" else text[:10]


def error_text(error: BaseException) -> str:
    """An error as people read it. For an OSError: the path that has to change, and the system's message."""
    if not isinstance(error, OSError):
        return str(error)
    path = to_change(error)
    where = "" if path is None else f"{printable(str(path))}: "
    return f"{where}{error.strerror or error}"


def refusal(error: OSError, path: Path) -> str:
    """Why a path that was named already cannot be used, with the folder above it if that has to change."""
    changing = to_change(error)
    if changing is not None and changing in path.parents:
        return error_text(error)
    return error.strerror or str(error)


def nearest(word: str, known: Iterable[str], *, prefix: str = "") -> str | None:
    """The known word that is most like this one; None if none is like it. A common prefix is not compared."""
    rests = [one.removeprefix(prefix) for one in known]
    near = difflib.get_close_matches(word.removeprefix(prefix), rests, n=1, cutoff=0.5)
    return f"{prefix}{near[0]}" if near else None


def did_you_mean(word: str, known: Iterable[str], *, prefix: str = "") -> str:
    """`; did you mean "…"?` for the nearest known word, or nothing. A common prefix is not compared."""
    near = nearest(word, known, prefix=prefix)
    return "" if near is None else f'; did you mean "{near}"?'


def _escaped(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # Python's form of a byte that is not UTF-8
        return f"\\x{code - 0xDC00:02x}"
    return repr(character)[1:-1] if code < 0xD800 or code > 0xDFFF else f"\\u{code:04x}"
