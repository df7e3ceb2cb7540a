"""What the same files cost with no recognition, no log and no flush: read, decode, rename, one process."""

import io
import time
from collections.abc import Sequence
from pathlib import Path

from PIL import Image


def floor(pictures: Sequence[bytes], count: int, here: Path) -> float:
    """Files a second, for so many files made of these pictures in a new folder."""
    come, gone = here / "come", here / "gone"
    come.mkdir(parents=True)
    gone.mkdir()
    for number in range(count):
        (come / f"{number:07d}.png").write_bytes(pictures[number % len(pictures)])
    start = time.perf_counter()
    for number in range(count):
        file = come / f"{number:07d}.png"
        Image.open(io.BytesIO(file.read_bytes()), formats=("PNG",)).load()
        file.rename(gone / file.name)
    return count / (time.perf_counter() - start)
