"""Write a page: check the place before the work begins, and replace the file whole at the end."""

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import click

from watcher.cli.atomic_write import put_in_place, temporary_beside
from watcher.errors import WatcherError
from watcher.report.render.values import GENERATOR
from watcher.text import printable, refusal

HEAD_BYTES = 1000


class PageError(WatcherError):
    """A page cannot be written there."""


@contextmanager
def page_writer(path: Path) -> Iterator[Callable[[str], None]]:
    """A function that writes the page and prints its path. The file does not change before it is called.

    Raises PageError at once if nothing can be written there, or if another kind of file is there.
    """
    shown, stack = printable(str(path)), ExitStack()
    target = Path(os.path.realpath(path))
    try:
        _refuse_others(target, shown)
        temporary = stack.enter_context(temporary_beside(target))
    except OSError as error:
        raise PageError(f"{shown}: the page cannot be written there: {refusal(error, target)}") from error

    def write(page: str) -> None:
        try:
            temporary.write_text(page, encoding="utf-8")
            put_in_place(temporary, target, replacing=True)
        except OSError as error:
            raise PageError(f"{shown}: the page could not be written: {refusal(error, target)}") from error
        click.echo(f"The page is {shown}", err=True)  # standard output is for results

    with stack:
        yield write


def _refuse_others(target: Path, shown: str) -> None:
    try:
        mode = target.stat().st_mode
    except FileNotFoundError:
        return
    if stat.S_ISDIR(mode):
        raise PageError(f"{shown}: it is a folder; give the name of a file")
    if not stat.S_ISREG(mode):
        raise PageError(f"{shown}: it is not a regular file; choose another name")
    with target.open("rb") as file:
        head = file.read(HEAD_BYTES)
        if head and GENERATOR.encode() not in head:
            raise PageError(f"{shown}: it exists and is not a page of the watcher; choose another name")
