"""Pictures that crash, end, hang or starve the process that reads them, and one that does it no harm.

No decoder at hand has such a fault, so one is put in: Python runs a `sitecustomize.py` in every process it
starts, and ours has the PNG decoder do what the size of a picture bids it. Each try leaves a line.
"""

import os
from collections import Counter
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

WIDTH = 61
DEEDS = {
    "crash": "ctypes.string_at(0)",
    "abort": "os.abort()",
    "exit": "os._exit(3)",
    "spin": "while True: pass",
    "sleep": "time.sleep(1e6)",
    "memory": "hoard = [numpy.empty(2**24, numpy.uint8) for _ in range(2**20)]",
    "error": "raise RuntimeError('of all things')",
    "harmless": "pass",
}
KINDS = tuple(DEEDS)
FAULTY_DECODER = """
import ctypes, os, time
import numpy
from PIL.PngImagePlugin import PngImageFile

load = PngImageFile.load_prepare

def load_prepare(self):
    width, height = self.size
    if width == {width}:
        with open({tries!r}, "a") as file:
            file.write(f"{{height}}\\n")
        kind = height % {kinds}
{deeds}
    load(self)

PngImageFile.load_prepare = load_prepare
"""


class FaultyDecoder:
    """The fault, in every Python process that is started from now on."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._tries = folder / "tries"
        self._tries.touch()
        deeds = "".join(
            f"        if kind == {n}:\n            {deed}\n" for n, deed in enumerate(DEEDS.values())
        )
        code = FAULTY_DECODER.format(width=WIDTH, tries=str(self._tries), kinds=len(KINDS), deeds=deeds)
        (folder / "sitecustomize.py").write_text(code)
        monkeypatch.setenv("PYTHONPATH", str(folder), prepend=os.pathsep)

    def tries(self) -> Counter[tuple[str, int]]:
        """How often each pill, by its kind and number, was begun."""
        heights = map(int, self._tries.read_text().split())
        return Counter((KINDS[height % len(KINDS)], height // len(KINDS)) for height in heights)

    def forget(self) -> None:
        """The tries there were."""
        self._tries.write_text("")


def pill(kind: str, number: int = 1) -> bytes:
    """A PNG file that does this to who reads it, where the decoder has the fault."""
    file = BytesIO()
    Image.new("L", (WIDTH, KINDS.index(kind) + len(KINDS) * number), 200).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def faulty_decoder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FaultyDecoder:
    """The fault, for the length of a test."""
    (tmp_path / "fault").mkdir()
    return FaultyDecoder(tmp_path / "fault", monkeypatch)
