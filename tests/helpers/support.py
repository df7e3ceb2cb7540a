"""What the tests share: stating a folder before and after, waiting with a bound, and pictures of digits."""

import inspect
import os
import time
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

from watcher.pen.drawing import draw
from watcher.pen.ink import png

OTHER_WRITERS = 2
"""The pen's seed for pictures that are none of the shipped references."""


def make_files(folder: Path, files: Mapping[str, bytes | None]) -> None:
    """Make a folder hold these files, by their relative names; `"name/": None` makes an empty folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        path = folder / name
        if content is None:
            path.mkdir(parents=True, exist_ok=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


def read_files(folder: Path) -> dict[str, bytes]:
    """The content of every regular file in a folder and below it, hidden ones too, by its relative name."""
    return {
        os.path.relpath(path, folder): path.read_bytes()
        for base, _, names in os.walk(folder)
        for path in (Path(base, name) for name in names)
        if path.is_file() and not path.is_symlink()
    }


def traces(folder: Path) -> dict[str, tuple[int, int, int]]:
    """Every path in a folder: its inode, size, and when it was changed; folders without when."""
    found = {path: path.lstat() for path in folder.rglob("*")}
    return {
        str(path): (status.st_ino, status.st_size, 0 if path.is_dir() else status.st_mtime_ns)
        for path, status in found.items()
    }


def wait_until(condition: Callable[[], object], seconds: float = 10.0, *, pause: float = 0.005) -> None:
    """Wait until the condition holds. Raises AssertionError with the condition's source after a while."""
    give_up = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up, f"after {seconds:g} s still not so: {_source(condition)}"
        time.sleep(pause)


@cache
def digit_picture(digit: int, index: int = 0) -> bytes:
    """A PNG file, 64×64 pixels, of a handwritten digit that is no shipped reference."""  # noqa: RUF002 - the sign people know for it
    return png(draw(OTHER_WRITERS, digit, index))


def _source(condition: Callable[[], object]) -> str:
    try:
        return inspect.getsource(condition).strip()
    except TypeError:  # not written in Python
        return repr(condition)
