"""Normalizing: a digit gives the same numbers on any paper and with any pen."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from helpers.examples import examples
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from watcher.recognition import NORMALIZERS
from watcher.recognition.ink.contrast import ink_contrast
from watcher.recognition.ink.coverage import ink_coverage
from watcher.recognition.normalize import normalize_batch

Draw = Callable[..., NDArray[np.uint8]]
Cover = Callable[..., NDArray[np.float32]]

binary, centered, none = NORMALIZERS["binary"], NORMALIZERS["centered"], NORMALIZERS["none"]

SEVEN_DIGITS = (0, 2, 3, 4, 5, 7, 9)


def ink_on(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    return np.asarray(ink_coverage(picture[None])[0])


def likeness(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    return float(np.corrcoef(one.reshape(-1), other.reshape(-1))[0, 1])


def noisy(picture: NDArray[np.uint8], amount: float, seed: int = 0) -> NDArray[np.uint8]:
    noise = np.random.default_rng(seed).normal(0, amount, picture.shape)
    return np.rint(picture + noise).clip(0, 255).astype(np.uint8)


def shaded(picture: NDArray[np.uint8], darkest: float) -> NDArray[np.uint8]:
    light = np.linspace(1, darkest, 64)[None, :, None] * np.linspace(1, 0.9, 64)[:, None, None]
    return (picture * light).astype(np.uint8)


def test_none_keeps_the_colors(draw: Draw) -> None:
    values = none(draw(3))
    assert values.shape == (64, 64, 3)
    assert values.dtype == np.float32
    assert np.array_equal(np.rint(values * 255), draw(3))


@given(st.tuples(*[st.integers(0, 255)] * 3))
def test_binary_is_ink_if_the_mean_is_below_half(color: tuple[int, int, int]) -> None:
    ink = binary(np.full((64, 64, 3), color, np.uint8))
    assert ink.shape == (64, 64)
    assert (ink == (sum(color) / 3 < 255 / 2)).all()


def test_centered_has_the_layout_of_mnist(draw: Draw) -> None:
    y, x = np.mgrid[:28, :28]
    for digit in range(10):
        laid = centered(draw(digit))
        assert laid.shape == (28, 28)
        assert laid.dtype == np.float32
        assert laid.min() >= 0
        assert laid.max() == 1
        assert (laid * y).sum() / laid.sum() == pytest.approx(13.5, abs=0.1)
        assert (laid * x).sum() / laid.sum() == pytest.approx(13.5, abs=0.1)
        rows, columns = np.nonzero(laid > 0.4)
        assert 18 <= 1 + max(np.ptp(rows), np.ptp(columns)) <= 22


PAPERS = {
    "yellow paper, blue ink": ((240, 220, 150), (40, 50, 160)),
    "gray paper, red ink": ((150, 150, 150), (160, 60, 60)),
    "faint pencil": ((235, 235, 230), (195, 195, 195)),
    "white on black": ((0, 0, 0), (255, 255, 255)),
    "yellow on dark green": ((30, 70, 40), (230, 220, 90)),
    "red on green of the same lightness": ((80, 160, 80), (200, 96, 80)),
}


@pytest.mark.parametrize("kind", PAPERS)
@pytest.mark.parametrize("digit", SEVEN_DIGITS)
def test_colors_make_no_difference(kind: str, digit: int, coverage: Cover, paper: Draw) -> None:
    line = coverage(digit, 1)
    page, ink = PAPERS[kind]
    expected = centered(paper(line))
    assert likeness(centered(paper(line, page, ink)), expected) > 0.97
    assert likeness(centered(noisy(paper(line, page, ink), 3)), expected) > 0.93


@pytest.mark.parametrize("digit", SEVEN_DIGITS)
@pytest.mark.parametrize("darkest", [0.85, 0.65, 0.5])
def test_uneven_light_makes_no_difference(digit: int, darkest: float, coverage: Cover, paper: Draw) -> None:
    line = coverage(digit, 2)
    lit = shaded(paper(line, (230, 225, 210), (90, 80, 80)), darkest)
    assert likeness(centered(noisy(lit, 2)), centered(paper(line))) > 0.93


@examples(30)
@given(st.sampled_from(SEVEN_DIGITS), st.tuples(st.integers(-6, 6), st.integers(-6, 6)), st.floats(0.6, 1.05))
def test_place_and_size_make_little_difference(
    coverage: Cover, paper: Draw, digit: int, move: tuple[int, int], scale: float
) -> None:
    line = coverage(digit, 3)
    right, down = (32 - 32 * scale + by for by in move)
    moves = np.array([[scale, 0, right], [0, scale, down]])
    moved = cv2.warpAffine(line, moves, (64, 64))
    assert likeness(centered(paper(moved)), centered(paper(line))) > 0.85


@pytest.mark.parametrize("digit", SEVEN_DIGITS)
def test_slant_makes_little_difference(digit: int, coverage: Cover, paper: Draw) -> None:
    line = coverage(digit, 4)
    slanted = cv2.warpAffine(line, np.array([[1, -0.35, 11], [0, 1, 0.0]]), (64, 64))
    assert likeness(centered(paper(slanted)), centered(paper(line))) > 0.85


@pytest.mark.parametrize("move", [(0, 0), (-9, -6), (9, 6)])
@pytest.mark.parametrize("digit", range(10))
def test_clean_paper_has_no_coverage(digit: int, move: tuple[int, int], coverage: Cover, paper: Draw) -> None:
    line = np.roll(coverage(digit, 1), move, axis=(0, 1))
    contrast = ink_contrast(paper(line)[None])[0]
    beside = cv2.dilate((line > 0).astype(np.uint8), np.ones((5, 5))) == 0
    assert contrast[beside].max() < 0.01 * contrast.max()


@pytest.mark.parametrize("digit", SEVEN_DIGITS)
def test_dust_and_rules_are_left_out(digit: int, coverage: Cover, paper: Draw) -> None:
    line = coverage(digit, 5, size=34)
    expected = centered(paper(line))
    dusty = line.copy()
    for x, y in ((4, 9), (58, 50), (7, 58)):
        cv2.circle(dusty, (x, y), 1, 1.0, -1)
    assert likeness(centered(paper(dusty)), expected) > 0.97
    ruled = line.copy()
    ruled[61:] = 1
    assert likeness(centered(paper(ruled)), expected) > 0.97
    boxed = line.copy()
    cv2.rectangle(boxed, (1, 1), (62, 62), 1.0, 2)
    assert likeness(centered(paper(boxed)), expected) > 0.97


def test_a_rule_alone_is_not_ink(coverage: Cover, paper: Draw) -> None:
    for thickness in (1, 3, 6):
        rule = np.zeros((64, 64), np.float32)
        rule[:, 30 : 30 + thickness] = 1
        assert not centered(paper(rule)).any()
        assert not centered(paper(rule.T)).any()
    as_tall_as_the_picture = coverage(1, 5, size=58)
    assert centered(paper(as_tall_as_the_picture)).any()


@given(
    st.integers(1, 6), st.integers(7, 50), st.integers(2, 20), st.integers(26, 59), st.sampled_from([0, 4])
)
def test_an_upright_line_that_ends_before_the_border_is_ink(
    thickness: int, left: int, top: int, length: int, noise: int
) -> None:
    bottom = min(top + length, 61)
    picture = np.full((64, 64, 3), 255, np.uint8)
    picture[top:bottom, left : left + thickness] = 20
    ink = ink_on(noisy(picture, noise))
    assert ink[top + 6 : bottom - 6, left : left + thickness].max(axis=1).min() > 0.5
    assert ink[:, : left - 3].max() < 0.5


@pytest.mark.parametrize("side", ["bottom", "top"])
def test_a_fat_stroke_along_the_border_is_ink(side: str) -> None:
    picture = np.full((64, 64, 3), 255, np.uint8)
    picture[14:, 26:36] = 20  # a stem
    picture[54:, 10:56] = 20  # and a foot as fat, down to the border
    turned = picture if side == "bottom" else picture[::-1].copy()
    coverage = ink_on(turned) if side == "bottom" else ink_on(turned)[::-1]
    assert coverage[56:62, 12:54].min() > 0.75


def test_a_digit_in_two_parts_stays_whole(paper: Draw) -> None:
    five = np.zeros((64, 64), np.float32)
    cv2.line(five, (28, 12), (46, 12), 1.0, 3)
    cv2.line(five, (22, 18), (22, 34), 1.0, 3)
    cv2.ellipse(five, (30, 42), (13, 11), 0, -120, 140, 1.0, 3)
    ink = ink_on(paper(five))
    assert ink[12, 36] > 0.5
    assert ink[26, 22] > 0.5


def test_faint_strokes_are_ink_and_the_gap_between_them_is_paper(paper: Draw) -> None:
    line = np.zeros((64, 64), np.float32)
    line[12:52, 28:36] = 1
    line[12:32, 28:36] = 0.6
    ink = ink_on(paper(line))
    assert ink[42, 32] > 0.95
    assert ink[22, 32] > 0.5
    assert ink[22, 10] == 0


def test_sharpening_opens_holes_that_a_blur_filled(paper: Draw) -> None:
    ring = np.zeros((64, 64), np.float32)
    cv2.circle(ring, (32, 32), 8, 1.0, 5)
    soft = cv2.GaussianBlur(ring, (0, 0), 3.5)
    blurred = np.asarray(soft / soft.max(), np.float32)
    assert blurred[32, 32] > 0.6
    ink = ink_on(paper(blurred))
    assert ink[32, 32] < 0.5
    assert ink[32, 24] > 0.9


@pytest.mark.parametrize("digit", SEVEN_DIGITS)
@pytest.mark.parametrize("way", [cv2.INTER_CUBIC, cv2.INTER_NEAREST])
def test_coarse_digits_that_fill_the_picture_keep_all_strokes(
    digit: int, way: int, coverage: Cover, paper: Draw
) -> None:
    line = coverage(digit, 5)
    down, across = np.nonzero(line)
    tight = line[down.min() : down.max() + 1, across.min() : across.max() + 1]
    high, wide = (round(12 * side / max(tight.shape)) for side in tight.shape)
    coarse = np.zeros((12, 12), np.float32)
    coarse[:high, :wide] = cv2.resize(tight, (wide, high), interpolation=cv2.INTER_AREA)
    filled = cv2.resize(coarse, (64, 64), interpolation=way).clip(0, 1)
    assert likeness(centered(paper(filled)), centered(paper(line))) > 0.85


@pytest.mark.parametrize("color", [(255, 255, 255), (0, 0, 0), (128, 128, 128), (240, 220, 150)])
@pytest.mark.parametrize("amount", [0, 2, 6])
def test_blank_paper_has_no_ink(color: tuple[int, int, int], amount: float) -> None:
    blank = np.full((64, 64, 3), color, np.uint8)
    for seed in range(5):
        page = noisy(blank, amount, seed)
        assert not ink_on(page).any()
        assert not ink_on(shaded(page, 0.8)).any()
        assert not centered(page).any()


@examples(60)
@given(st.integers(0, 2**32), st.sampled_from(["noise", "patches", "lines"]))
def test_any_picture_gives_finite_numbers_from_0_to_1(seed: int, kind: str) -> None:
    rng = np.random.default_rng(seed)
    page = rng.integers(0, 256, (64, 64, 3)).astype(np.uint8)
    if kind == "patches":
        page = np.asarray(cv2.resize(page[:5, :4], (64, 64), interpolation=cv2.INTER_NEAREST), np.uint8)
    if kind == "lines":
        page = np.full((64, 64, 3), 255, np.uint8)
        for ends in rng.integers(0, 64, (3, 4)).tolist():
            cv2.line(page, ends[:2], ends[2:], (0, 0, 0), int(rng.integers(1, 30)))
    before = page.copy()
    laid = centered(page)
    assert np.isfinite(laid).all()
    assert laid.min() >= 0
    assert laid.max() in {0, 1}
    assert np.array_equal(laid, centered(page))
    assert np.array_equal(page, before)


@pytest.mark.parametrize("darkest", [1, 0.6])
def test_gray_and_colored_pictures_are_normalized_alike(draw: Draw, darkest: float) -> None:
    for digit in range(10):
        gray = shaded(np.repeat(draw(digit)[..., :1], 3, axis=2), darkest)
        nearly_gray = gray.copy()
        nearly_gray[0, 0, 2] ^= 1
        assert centered(gray) == pytest.approx(centered(nearly_gray), abs=0.01)


@pytest.mark.parametrize("name", NORMALIZERS)
def test_results_do_not_depend_on_the_batch(name: str, draw: Draw) -> None:
    rng = np.random.default_rng(4)
    drawn = [draw(digit, seed) for digit in range(10) for seed in range(2)]
    others = [noisy(shaded(picture, 0.7), 5, seed) for seed, picture in enumerate(drawn)]
    blank, noise = np.full((64, 64, 3), 240, np.uint8), rng.integers(0, 256, (64, 64, 3)).astype(np.uint8)
    normalizer = NORMALIZERS[name]
    gray = [np.repeat(picture[..., 1:2], 3, axis=2) for picture in others[::3]]
    batch = np.stack([blank, *drawn, noise, *others, *gray, blank])
    together = normalize_batch(normalizer, batch)
    assert np.array_equal(together, np.stack([normalizer(picture) for picture in batch]))
    assert np.array_equal(together[7:30], normalize_batch(normalizer, batch[7:30]))
