"""How long a worker was busy with each picture of a batch: its own time, not that of the batch."""

import io
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from helpers.daemon import reference_picture
from PIL import Image

from watcher.config.settings import WorkersSettings
from watcher.workers import Pool
from watcher.workers.recognize import recognize


@pytest.fixture
def model(trained: Path) -> Path:
    (folder,) = (trained / "watcher.db.cache").iterdir()
    return folder


@pytest.fixture(params=["threads", "processes"])
def pool(request: pytest.FixtureRequest, model: Path) -> Iterator[Pool]:
    settings = WorkersSettings(count=1, executor=request.param, deadline_seconds=10, memory_megabytes=1024)
    with closing(Pool(settings)) as pool:
        pool.warm(model)
        yield pool


def photograph() -> bytes:
    """A picture of 12 megapixels, which takes long to read."""
    file = io.BytesIO()
    noise = np.random.default_rng(1).integers(200, 255, (3000, 4000, 3), np.uint8)
    Image.fromarray(noise).save(file, "JPEG", quality=60)
    return file.getvalue()


def test_a_large_picture_does_not_lend_its_time_to_the_small_ones(pool: Pool, model: Path) -> None:
    files = [reference_picture(3), photograph(), reference_picture(8), b"no picture"]
    began = time.monotonic()
    found = pool.submit_again(model, files).result()
    took = time.monotonic() - began
    small, large, other, broken = (one.seconds for one in found)
    assert large > 2 * max(small, other, broken)
    assert min(small, other, broken) >= 0
    assert sum(one.seconds for one in found) <= took


def test_pictures_of_one_kind_share_the_time_of_their_batch(model: Path) -> None:
    began = time.monotonic()
    found = recognize(model, [reference_picture(digit) for digit in range(10)])
    took = time.monotonic() - began
    assert 0 < sum(one.seconds for one in found) <= took
    assert all(one.seconds <= took / 2 for one in found)
