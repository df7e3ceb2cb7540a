"""Whatever is in a file, it is read or refused with a reason: files cut off anywhere, changed, and made up.

The ordinary suite has a short form of it; `pytest -m campaign` the long one.
"""

import random
import resource
import time
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from campaigns.figures import tell
from campaigns.fuzzer import fuzzed
from campaigns.mutation import changed
from helpers.support import digit_picture
from PIL import Image

from watcher.errors import LacksMemory, Unreadable
from watcher.recognition import read_picture

SLOWEST = 1.0
MOST_MEMORY = 1 << 29


def saved(kind: str, mode: str = "RGB", **options: object) -> bytes:
    """A digit, as a file of this format."""
    file = BytesIO()
    Image.open(BytesIO(digit_picture(7))).convert(mode).save(file, kind, **options)
    return file.getvalue()


FILES = {kind: saved(kind) for kind in ("PNG", "JPEG", "BMP", "TIFF", "GIF", "WEBP")}
SEEDS = [
    *FILES.values(),
    *(saved("PNG", mode) for mode in ("1", "L", "LA", "P", "RGBA", "I;16")),
    saved("PNG", "P", transparency=0),
    *(saved("JPEG", mode, progressive=True) for mode in ("L", "CMYK")),
    saved("JPEG", "L", exif=b"Exif\0\0II*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0\6\0\0\0\0\0\0\0"),
    *(saved("BMP", mode) for mode in ("1", "L", "P", "RGBA")),
    *(saved("TIFF", mode) for mode in ("1", "L", "LA", "P", "RGBA", "CMYK", "I;16", "I", "F")),
    *(saved("TIFF", "L", compression=f"tiff_{how}") for how in ("lzw", "adobe_deflate")),
    *(saved("TIFF", "L", compression=how) for how in ("packbits", "jpeg", "zstd")),
    *(saved("TIFF", "1", compression=how) for how in ("group3", "group4", "tiff_ccitt")),
    saved("TIFF", "L", big_tiff=True),
    *(saved("GIF", mode) for mode in ("1", "L")),
    saved("GIF", "P", transparency=0, interlace=1),
    saved("WEBP", "RGBA", lossless=True),
    saved("WEBP", "RGBA", exif=b"Exif\0\0"),
]


def read_or_refused(data: bytes) -> np.ndarray | None:
    """What is read, None where that is refused. All else is a fault, much time or memory too."""
    before = time.process_time()
    try:
        return read_picture(data)
    except LacksMemory:
        raise
    except Unreadable:
        return None
    finally:
        assert time.process_time() - before < SLOWEST


def cut_and_changed(kind: str, *, every: int, changes: int) -> None:
    whole = FILES[kind]
    picture = read_picture(whole)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    complete = 0
    for length in range(0, len(whole), every):
        read = read_or_refused(whole[:length])
        if read is not None:
            assert np.array_equal(read, picture), f"cut off after {length} bytes it is another picture"
            complete += 1
    chance = random.Random(kind)  # noqa: S311 - keeps no secret
    read_all_the_same = sum(
        read_or_refused(changed(chance, whole, list(FILES.values()))) is not None for _ in range(changes)
    )
    taken = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory) * 1024
    tell(
        "mutations",
        format=kind,
        cut=len(range(0, len(whole), every)),
        cut_and_complete=complete,
        changed=changes,
        changed_and_read=read_all_the_same,
        memory_mb=taken >> 20,
    )
    assert taken < MOST_MEMORY


def fuzz(folder: Path, seconds: float) -> None:
    report = fuzzed(folder, SEEDS, seconds, seed=1)
    tell("fuzzing", seconds=seconds, seeds=len(SEEDS), **{**report, "found": len(report["found"])})
    assert report["found"] == {}


@pytest.mark.parametrize("kind", FILES)
def test_a_file_cut_off_or_changed_is_read_or_refused(kind: str) -> None:
    cut_and_changed(kind, every=37, changes=150)


def test_files_that_go_new_ways_are_read_or_refused(tmp_path: Path) -> None:
    fuzz(tmp_path, 1)


@pytest.mark.campaign
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("kind", FILES)
def test_a_file_cut_off_anywhere_or_changed_ten_thousand_times_is_read_or_refused(kind: str) -> None:
    cut_and_changed(kind, every=1, changes=10_000)


@pytest.mark.campaign
@pytest.mark.timeout(1800)
def test_ten_minutes_of_files_that_go_new_ways_are_read_or_refused(tmp_path: Path) -> None:
    fuzz(tmp_path, 600)
