"""Where benchmarks take place: drawn pictures, a folder to work in, and the daemon as its users have it."""

import functools
import itertools
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from helpers.daemon import Workspace, run
from numpy.typing import NDArray

from watcher.pen.drawing import draw
from watcher.pen.ink import png
from watcher.recognition import read_picture

REFERENCES_BY = 11  # seeds of the pen: other writers for the references than for what is to be read
READ_BY = 12


@functools.cache
def pictures(count: int, seed: int = READ_BY) -> list[bytes]:
    """So many PNG files of drawn digits, 0 to 9 in turn."""
    with ProcessPoolExecutor() as pool:
        return list(pool.map(_drawn, [seed] * count, range(count), chunksize=50))


def _drawn(seed: int, number: int) -> bytes:
    return png(draw(seed, number % 10, number // 10))


@contextmanager
def scene(folder: Path, trained: Path) -> Iterator[Workspace]:
    """A place furnished like `trained`, removed afterwards."""
    shutil.copytree(trained, folder)
    try:
        yield Workspace(folder)
    finally:
        shutil.rmtree(folder)


def train_shipped(folder: Path) -> Path:
    """A place that knows the shipped references."""
    folder.mkdir()
    run(folder, "run", "--once")
    return folder


def train_many(folder: Path, count: int, source: Path | None) -> Path:
    """A place that knows so many references and no others: drawn ones, or images DIGIT_*.png of a folder."""
    (folder / "images").mkdir(parents=True)
    if source is None:
        for number, picture in enumerate(pictures(count, REFERENCES_BY)):
            (folder / "images" / f"{number % 10}_{number // 10}.png").write_bytes(picture)
    else:
        for file in of_all_digits(source, count):
            shutil.copy(file, folder / "images")
    run(folder, "run", "--once", within=3600)
    shutil.rmtree(folder / "images")  # the database holds them, and the place is copied
    return folder


def of_all_digits(source: Path, count: int) -> list[Path]:
    """So many files, of each digit in turn as long as there are any."""
    files = sorted(source.glob("[0-9]_*.png"))
    if len(files) < count:
        sys.exit(f"{source} has {len(files):,} images named DIGIT_*.png, and {count:,} are needed")
    by_digit = [[file for file in files if file.name[0] == str(digit)] for digit in range(10)]
    turns = itertools.chain.from_iterable(itertools.zip_longest(*by_digit))
    return [file for file in turns if file is not None][:count]


def fill(workspace: Workspace, files: Sequence[bytes], count: int) -> None:
    """Have so many files wait in the inbox."""
    for number in range(count):
        (workspace.inbox / f"scan-{number:07d}.png").write_bytes(files[number % len(files)])


def empty(workspace: Workspace) -> float:
    """Pictures a second of `run --once`, from its start to its end."""
    count = len(workspace.waiting())
    start = time.perf_counter()
    run(workspace.path, "run", "--once", within=3600)
    seconds = time.perf_counter() - start
    assert workspace.waiting() == set()
    return count / seconds


def as_arrays(files: Sequence[bytes]) -> NDArray[np.uint8]:
    """The pictures, (n, 64, 64, 3)."""
    return np.stack([read_picture(file) for file in files])
