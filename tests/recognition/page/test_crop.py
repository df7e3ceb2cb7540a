"""The digit on a page becomes the same picture wherever it is, and whatever is around it."""

import time
import tracemalloc
from collections.abc import Callable
from io import BytesIO

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from watcher.recognition import NORMALIZERS
from watcher.recognition.images.decode import read_page

Inks = Callable[..., NDArray[np.float32]]
Pages = Callable[..., NDArray[np.uint8]]

centered = NORMALIZERS["centered"]
DIGITS = (0, 2, 3, 5, 6, 9)


def png(page: NDArray[np.uint8]) -> bytes:
    file = BytesIO()
    Image.fromarray(page).save(file, "PNG", compress_level=1)
    return file.getvalue()


def likeness(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    return float(np.corrcoef(centered(one).reshape(-1), centered(other).reshape(-1))[0, 1])


def cut_out(ink: NDArray[np.float32], page: Pages) -> NDArray[np.uint8]:
    side = round(1.4 * max(ink.shape))
    at = (side - ink.shape[1]) // 2, (side - ink.shape[0]) // 2
    return read_page(png(page(ink, (side, side), at))).picture


def ruled(size: tuple[int, int], gap: int, *, squares: bool) -> NDArray[np.float32]:
    sheet = np.full((size[1], size[0], 3), (240, 240, 236), np.float32)
    sheet[gap // 2 :: gap] = (150, 180, 215)
    if squares:
        sheet[:, gap // 3 :: gap] = (150, 180, 215)
    return sheet


@settings(max_examples=25, deadline=None)
@given(
    st.tuples(st.sampled_from(DIGITS), st.integers(24, 200)),
    st.integers(300, 1300),
    st.tuples(st.floats(0, 1), st.floats(0, 1)),
)
def test_place_and_size_make_no_difference(
    ink: Inks, page: Pages, digit: tuple[int, int], side: int, place: tuple[float, float]
) -> None:
    line = ink(digit[0], 1, digit[1])
    room = side - digit[1] - 16
    left, top = (8 + int(share * room) for share in place)
    found = read_page(png(page(line, (side, side), (left, top))))
    assert likeness(found.picture, cut_out(line, page)) > 0.93
    assert not found.several


@pytest.mark.parametrize("digit", DIGITS)
@pytest.mark.parametrize("squares", [False, True])
def test_rules_and_squares_are_left_out(ink: Inks, page: Pages, digit: int, squares: bool) -> None:  # noqa: FBT001
    line = ink(digit, 2, 120)
    sheet = ruled((700, 500), 70, squares=squares)
    found = read_page(png(page(line, (700, 500), (300, 170), sheet=sheet)))
    assert likeness(found.picture, cut_out(line, page)) > 0.85


@pytest.mark.parametrize("digit", DIGITS)
def test_a_box_around_the_digit_is_left_out(ink: Inks, page: Pages, digit: int) -> None:
    line = ink(digit, 2, 120)
    sheet = np.full((500, 700, 3), 240, np.float32)
    cv2.rectangle(sheet, (270, 150), (450, 330), (60, 60, 70), 4)
    found = read_page(png(page(line, (700, 500), (310, 180), sheet=sheet)))
    assert likeness(found.picture, cut_out(line, page)) > 0.93


@pytest.mark.parametrize("digit", DIGITS)
@pytest.mark.parametrize("turn", [0.0, 0.7, 2.0, 4.0])
def test_a_hard_shadow_makes_no_difference(ink: Inks, page: Pages, digit: int, turn: float) -> None:
    line = ink(digit, 3, 160)
    y, x = np.mgrid[:300, :400].astype(np.float32)
    beyond = (x - 210) * np.cos(turn) + (y - 160) * np.sin(turn)
    light = 1 - 0.5 / (1 + np.exp(-beyond / 3))
    found = read_page(png(page(line, (400, 300), (140, 80), light=np.asarray(light, np.float32))))
    assert likeness(found.picture, cut_out(line, page)) > 0.85


@pytest.mark.parametrize("corner", [(60, 200), (200, 60), (120, 120)])
def test_a_corner_of_shadow_is_no_ink(page: Pages, corner: tuple[int, int]) -> None:
    light = np.ones((300, 400), np.float32)
    cv2.fillPoly(light, [np.array([(0, 0), (corner[0], 0), (0, corner[1])])], 0.5)
    nothing = np.zeros((1, 1), np.float32)
    lit = np.asarray(cv2.GaussianBlur(light, (0, 0), 3), np.float32)
    assert not centered(read_page(png(page(nothing, (400, 300), (0, 0), light=lit))).picture).any()


def test_white_on_black_and_red_on_green(ink: Inks, page: Pages) -> None:
    line = ink(5, 1, 90)
    for paper, color in (((20, 20, 20), (235, 235, 235)), ((90, 160, 90), (190, 80, 80))):
        found = read_page(png(page(line, (500, 400), (60, 200), paper=paper, color=color)))
        assert likeness(found.picture, cut_out(line, page)) > 0.93


def test_several_digits_are_several(ink: Inks, page: Pages) -> None:
    sheet = np.zeros((600, 900), np.float32)
    for row in range(3):
        for column in range(5):
            line = ink((row + column) % 10, row, 90)
            top, left = 60 + 180 * row, 60 + 170 * column
            sheet[top : top + line.shape[0], left : left + line.shape[1]] = line
    assert read_page(png(page(sheet, (900, 600), (0, 0)))).several
    pair = sheet[:200, :380]
    assert read_page(png(page(pair, (380, 200), (0, 0)))).several


def test_dust_is_no_other_digit(ink: Inks, page: Pages) -> None:
    sheet = np.full((600, 800, 3), 240, np.float32)
    for at in ((50, 60), (700, 500), (90, 480)):
        cv2.circle(sheet, at, 3, (60, 60, 60), -1)
    found = read_page(png(page(ink(3, 1, 100), (800, 600), (350, 250), sheet=sheet)))
    assert not found.several


def test_blank_pages_have_no_ink(page: Pages) -> None:
    nothing = np.zeros((1, 1), np.float32)
    for size in ((80, 70), (700, 500), (2000, 1500)):
        found = read_page(png(page(nothing, size, (0, 0), grain=4)))
        assert not centered(found.picture).any()
        assert not found.several


def test_a_large_photograph_takes_little_time_and_memory(ink: Inks, page: Pages) -> None:
    file = BytesIO()
    Image.fromarray(page(ink(6, 1, 150), (4000, 3000), (900, 2100))).save(file, "JPEG", quality=90)
    photograph = file.getvalue()
    tracemalloc.start()
    found = read_page(photograph)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert likeness(found.picture, cut_out(ink(6, 1, 150), page)) > 0.93
    assert peak < 150e6
    start = time.process_time()
    Image.open(BytesIO(photograph)).load()
    decoding = time.process_time() - start
    start = time.process_time()
    read_page(photograph)
    assert time.process_time() - start < 6 * decoding
