"""Where a page is written: made sure of before the work begins, and replaced whole at its end."""

import os
import secrets
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import click

from watcher.errors import WatcherError
from watcher.report.values import GENERATOR
from watcher.text import printable

HEAD_BYTES = 1000


class PageError(WatcherError):
    """A page cannot be written there."""


@contextmanager
def page_at(path: Path) -> Iterator[Callable[[str], None]]:
    """A function that writes the page and says where it is; until it is called the file stays as it is.

    Raises PageError at once where nothing can be written, and where a file lies that is no page of ours.
    """
    shown = printable(str(path))
    try:
        target = Path(os.path.realpath(path))
        _refuse_others(target, shown)
        draft = target.with_name(f".{secrets.token_hex(8)}.tmp")
        os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666))
    except OSError as error:
        raise PageError(f"{shown}: the page cannot be written there: {error.strerror}") from error

    def write(page: str) -> None:
        try:
            draft.write_text(page, encoding="utf-8")
            draft.replace(target)
        except OSError as error:
            raise PageError(f"{shown}: the page could not be written: {error.strerror}") from error
        click.echo(f"The page is {shown}", err=True)  # out of the output's way

    try:
        yield write
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)


def _refuse_others(target: Path, shown: str) -> None:
    try:
        mode = target.stat().st_mode
    except FileNotFoundError:
        return
    if stat.S_ISDIR(mode):
        raise PageError(f"{shown}: it is a folder; name the file that the page is to be written to")
    if not stat.S_ISREG(mode):
        raise PageError(f"{shown}: it is no regular file")
    with target.open("rb") as file:
        head = file.read(HEAD_BYTES)
        if head and GENERATOR.encode() not in head:
            raise PageError(f"{shown}: it exists and is no page of watcher's; choose another name")
