"""A digit drawn with characters keeps its proportions and its shape."""

from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.report.render.terminal import Style, bar, digit_lines, shares

LEFT_HALF = np.zeros((28, 28), np.float32)
LEFT_HALF[:, :14] = 1


@pytest.mark.parametrize("style", get_args(Style))
@pytest.mark.parametrize("columns", [28, 14])
@pytest.mark.parametrize("side", [28, 64])
def test_it_is_half_as_many_lines_high_as_columns_wide(style: Style, columns: int, side: int) -> None:
    lines = digit_lines(np.ones((side, side), np.uint8), columns, style)
    assert [line.cell_len for line in lines] == [columns] * (columns // 2)


def test_ink_is_drawn_where_it_is() -> None:
    assert {line.plain for line in digit_lines(LEFT_HALF, 28, "blocks")} == {"█" * 14 + " " * 14}
    assert {line.plain for line in digit_lines(LEFT_HALF, 28, "ascii")} == {"@" * 14 + " " * 14}
    assert {line.plain for line in digit_lines(LEFT_HALF.T, 28, "blocks")} == {"█" * 28, " " * 28}
    upper = np.zeros((2, 2), np.float32)
    upper[0] = 1
    assert [line.plain for line in digit_lines(upper, 2, "blocks")] == ["▀▀"]
    assert [line.plain for line in digit_lines(1 - upper, 2, "blocks")] == ["▄▄"]


def test_grays_are_black_ink_on_white_paper() -> None:
    line = digit_lines(LEFT_HALF, 28, "grays")[0]
    assert [str(span.style) for span in (line.spans[0], line.spans[-1])] == [
        "rgb(0,0,0) on rgb(0,0,0)",
        "rgb(255,255,255) on rgb(255,255,255)",
    ]


@given(st.floats(0, 1), st.integers(1, 80), st.sampled_from(get_args(Style)))
def test_a_bar_fits_and_shows_any_share(share: float, columns: int, style: Style) -> None:
    drawn = bar(share, columns, style)
    assert len(drawn) <= columns
    assert bool(drawn) == (share > 0)
    assert (len(drawn) == columns) or share < 1
    assert drawn.isascii() or style != "ascii"


def test_scores_are_shown_between_the_least_and_the_best() -> None:
    assert shares((-30.0, -20.0, -10.0)) == [0, 0.5, 1]
    assert shares((0.5, 0.5)) == [0, 0]
