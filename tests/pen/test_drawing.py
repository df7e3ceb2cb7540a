"""Drawings: the same for the same numbers, wholly on the paper, and all forms within twenty pictures."""

import numpy as np
import pytest
from helpers.examples import examples
from hypothesis import given
from hypothesis import strategies as st

from watcher.pen.drawing import draw, form_of
from watcher.pen.forms import FORMS
from watcher.pen.hand import hand_for

seeds = st.integers(0, 2**32)
digits = st.integers(0, 9)
indices = st.integers(0, 100_000)


@given(seeds, digits, indices)
@examples(20)
def test_the_same_numbers_draw_the_same_picture(seed: int, digit: int, index: int) -> None:
    assert np.array_equal(draw(seed, digit, index), draw(seed, digit, index))


def test_each_number_matters() -> None:
    pictures = [draw(*numbers) for numbers in [(1, 4, 3), (2, 4, 3), (1, 5, 3), (1, 4, 2)]]
    assert len({picture.tobytes() for picture in pictures}) == 4


@given(seeds, digits, indices)
@examples(60)
def test_dark_ink_lies_wholly_on_light_paper(seed: int, digit: int, index: int) -> None:
    picture = draw(seed, digit, index)
    paper = np.array(hand_for(seed, digit, index).paper)
    border = np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]])
    assert picture.shape == (64, 64, 3)
    assert picture.dtype == np.uint8
    assert np.all(border == paper)
    assert paper.min() > 230
    assert np.all(picture.min(axis=(0, 1)) < 160)
    assert 0.01 < np.mean(picture[..., 0] < 128) < 0.45


@given(seeds, digits, indices)
@examples(40)
def test_the_ink_is_as_large_as_the_hand_says_but_for_square_ends(seed: int, digit: int, index: int) -> None:
    picture = draw(seed, digit, index, 128)
    rows, columns = np.nonzero(picture[..., 0] < picture[0, 0, 0] - 8)
    longer_side = max(np.ptp(rows), np.ptp(columns)) + 1
    hand = hand_for(seed, digit, index)
    missing = hand.size - longer_side / 128
    fringe = 4 / 128  # edges fade over two pixels on either side
    assert -fringe < missing < (hand.pen_width if hand.blunt else 0.02)


@pytest.mark.parametrize("digit", range(10))
def test_the_first_twenty_show_every_form(digit: int) -> None:
    shown = [form_of(digit, index).name for index in range(20)]
    assert set(shown) == {form.name for form in FORMS[digit]}


@pytest.mark.parametrize("digit", range(10))
def test_forms_take_turns_evenly(digit: int) -> None:
    shown = [form_of(digit, index).name for index in range(40)]
    counts = [shown.count(form.name) for form in FORMS[digit]]
    assert max(counts) - min(counts) <= 1


def test_the_first_sixteen_hands_vary_in_pen_width_and_slant() -> None:
    for digit in range(10):
        hands = [hand_for(1, digit, index) for index in range(16)]
        assert min(hand.pen_width for hand in hands) < 0.08
        assert max(hand.pen_width for hand in hands) > 0.12
        assert min(hand.slant for hand in hands) < 2
        assert max(hand.slant for hand in hands) > 16
