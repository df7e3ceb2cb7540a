"""The committed references are those that the pen draws."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from watcher.pen.drawing import draw
from watcher.pen.ink import Picture

IMAGES = Path(__file__).parents[2] / "images"


def decoded(path: Path) -> Picture:
    with Image.open(path) as image:
        assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (64, 64))
        return np.asarray(image)


def test_the_folder_has_only_numbered_pictures() -> None:
    names = {path.name for path in IMAGES.iterdir()}
    assert names == {f"{digit}_{index}.jpg" for digit in range(10) for index in range(40)}


def test_no_picture_is_there_twice() -> None:
    contents = Counter(path.read_bytes() for path in IMAGES.glob("*.jpg"))
    assert max(contents.values()) == 1


@pytest.mark.parametrize("digit", range(10))
def test_drawing_again_gives_the_committed_pictures(digit: int) -> None:
    for index in range(40):
        committed = decoded(IMAGES / f"{digit}_{index}.jpg").astype(int)
        drawn = draw(1, digit, index).astype(int)
        # JPEG loses a little, chiefly color, and encoders differ; another hand's picture is 8 or more away.
        assert np.abs(committed - drawn).mean() < 5, f"{digit}_{index}"
        assert np.abs(committed.mean(axis=2) - drawn.mean(axis=2)).max() < 45, f"{digit}_{index}"
