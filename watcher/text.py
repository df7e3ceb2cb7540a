"""Words for people: names that may hold anything, and suggestions for misspelt ones."""

import difflib
import os
from collections.abc import Iterable


def name_as_text(name: str) -> str:
    r"""A file's name as the log keeps it: valid Unicode, bytes that are not UTF-8 as `\xNN`."""
    return name if name.isascii() else os.fsencode(name).decode("utf-8", "backslashreplace")


def printable(text: str) -> str:
    """The text with controls, direction marks and lone surrogates escaped, so that it stays on its line."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else _escaped(c) for c in text)


def counted(number: int, thing: str) -> str:
    """A number and what it is a number of: `1 claim`, `1,204 claims`."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def in_words(error: Exception) -> str:
    """An error as people read it: of the system's, which file it befell, and what; of others, their text."""
    if not isinstance(error, OSError):
        return str(error)
    where = f"{printable(os.fsdecode(error.filename))}: " if error.filename else ""
    return f"{where}{error.strerror or error}"


def did_you_mean(word: str, known: Iterable[str], *, prefix: str = "") -> str:
    """`; did you mean "…"?` for the nearest known word, or nothing. A prefix that all have says nothing."""
    rests = [one.removeprefix(prefix) for one in known]
    near = difflib.get_close_matches(word.removeprefix(prefix), rests, n=1, cutoff=0.5)
    return f'; did you mean "{prefix}{near[0]}"?' if near else ""


def _escaped(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # how Python carries a byte of a name that is not UTF-8
        return f"\\x{code - 0xDC00:02x}"
    return repr(character)[1:-1] if code < 0xD800 or code > 0xDFFF else f"\\u{code:04x}"
