"""Pixels lie as the file says: turned, not square, or with ink only in the alpha channel."""

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from watcher.recognition import NORMALIZERS, read_picture
from watcher.recognition.images.geometry import exif_geometry

Encode = Callable[..., bytes]
centered = NORMALIZERS["centered"]
DENSITIES: dict[str, dict[str, Any]] = {
    "PNG": {"dpi": (200, 100)},
    "JPEG": {"dpi": (200, 100), "quality": 95},
    "TIFF": {"dpi": (200, 100)},
    "BMP": {"dpi": (200, 100)},
}


def digit_page(width: int = 200, height: int = 200) -> Image.Image:
    """A drawn 2, stretched to this size."""
    page = np.full((200, 200, 3), 240, np.uint8)
    corners = np.array([(60, 70), (90, 45), (130, 65), (125, 95), (60, 155), (140, 155)])
    cv2.polylines(page, [corners], isClosed=False, color=(30, 30, 40), thickness=11, lineType=cv2.LINE_AA)
    return Image.fromarray(page).resize((width, height), Image.Resampling.LANCZOS)


def likeness(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    return float(np.corrcoef(centered(one).reshape(-1), centered(other).reshape(-1))[0, 1])


@pytest.fixture
def expected(encode: Encode) -> NDArray[np.uint8]:
    return read_picture(encode(digit_page(), "PNG"))


@pytest.mark.parametrize("kind", DENSITIES)
@pytest.mark.parametrize("side", [64, 200, 1400])
def test_pixels_become_square(kind: str, side: int, encode: Encode, expected: NDArray[np.uint8]) -> None:
    wide = encode(digit_page(side, side // 2), kind, **DENSITIES[kind])
    assert likeness(read_picture(wide), expected) > 0.93 or side == 64
    flat = encode(digit_page(side, side // 2), kind)
    assert likeness(read_picture(wide), expected) > likeness(read_picture(flat), expected)


@pytest.mark.parametrize("density", [(0, 100), (100, 0), (5000, 1), (101, 100)])
def test_a_density_that_makes_no_sense_is_ignored(density: tuple[int, int], encode: Encode) -> None:
    plain = digit_page()
    assert np.array_equal(read_picture(encode(plain, "PNG", dpi=density)), read_picture(encode(plain, "PNG")))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "WEBP"])
@pytest.mark.parametrize(
    ("orientation", "turn"),
    [(3, Image.Transpose.ROTATE_180), (6, Image.Transpose.ROTATE_90), (8, Image.Transpose.ROTATE_270)],
)
def test_each_format_is_turned_upright(
    kind: str, orientation: int, turn: Image.Transpose, encode: Encode, expected: NDArray[np.uint8]
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    assert likeness(read_picture(encode(digit_page().transpose(turn), kind, exif=exif)), expected) > 0.95


def test_turning_and_stretching_go_together(encode: Encode, expected: NDArray[np.uint8]) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = digit_page(100, 200).transpose(Image.Transpose.ROTATE_90)  # 200 across, 100 down
    for kind in ("PNG", "TIFF"):
        read = read_picture(encode(stored, kind, exif=exif, dpi=(200, 100)))
        assert likeness(read, expected) > 0.93


@pytest.mark.parametrize("ink", [0, 255])
@pytest.mark.parametrize("mode", ["RGBA", "LA"])
@pytest.mark.parametrize("side", [64, 200])
def test_ink_that_is_only_in_the_alpha_channel(
    ink: int, mode: str, side: int, encode: Encode, expected: NDArray[np.uint8]
) -> None:
    gray = np.asarray(digit_page(side, side).convert("L"))
    cover = Image.fromarray(np.where(gray > 225, 0, 255 - gray).astype(np.uint8))
    flat = Image.new("L", cover.size, ink)
    image = Image.merge(mode, [*[flat] * (len(mode) - 1), cover])
    assert likeness(read_picture(encode(image, "PNG")), expected) > 0.9


def test_white_ink_in_a_palette(encode: Encode, expected: NDArray[np.uint8]) -> None:
    shape = digit_page().convert("L").point(lambda v: 1 if v < 128 else 0)
    image = Image.fromarray(np.asarray(shape), "P")
    image.putpalette([255, 255, 255, 255, 255, 255])
    assert likeness(read_picture(encode(image, "PNG", transparency=0)), expected) > 0.9


def test_damaged_exif_data_says_nothing() -> None:
    for data in (b"", b"II", b"MM\0*\0\0\0\x08", b"II*\0\x08\0\0\0\xff\xff" + bytes(20)):
        assert exif_geometry(data) == (1, None)
