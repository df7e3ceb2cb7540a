"""Arrays become pictures that show them."""

import base64
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from watcher.recognition import NORMALIZERS
from watcher.report.render.pictures import ink_of, normalized_uri, picture_uri

DIGIT = np.full((64, 64, 3), (250, 240, 200), np.uint8)
DIGIT[10:54, 28:36] = (20, 20, 60)


def shown(uri: str) -> NDArray[np.uint8]:
    head, _, data = uri.partition(",")
    image = Image.open(BytesIO(base64.b64decode(data, validate=True)))
    assert head == f"data:image/{(image.format or '').lower()};base64"
    return np.asarray(image)


def test_a_picture_is_shown_in_its_colors() -> None:
    picture = shown(picture_uri(DIGIT))
    assert picture.shape == DIGIT.shape
    assert np.abs(picture.astype(int) - DIGIT).mean() < 4


@pytest.mark.parametrize("name", NORMALIZERS)
def test_a_normalized_digit_is_shown_dark_on_light(name: str) -> None:
    normalized = NORMALIZERS[name](DIGIT)
    picture = shown(normalized_uri(normalized))
    assert picture.shape[:2] == normalized.shape[:2]
    height, width = picture.shape[:2]
    gray = picture.reshape(height, width, -1).mean(axis=2)
    assert gray[height // 2, width // 2] < 100
    assert gray[2, 2] > 200
    ink = ink_of(normalized)
    assert ink[height // 2, width // 2] > 0.7
    assert ink[2, 2] < 0.1
    assert (ink.min(), ink.max()) == (pytest.approx(0, abs=0.01), pytest.approx(1))


@pytest.mark.parametrize("blank", [np.zeros((28, 28), np.float32), np.ones((64, 64, 3), np.float32)])
def test_what_has_no_ink_is_white(blank: NDArray[Any]) -> None:
    assert not ink_of(blank).any()
    assert shown(normalized_uri(blank)).min() >= 254
