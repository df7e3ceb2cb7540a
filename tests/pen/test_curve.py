"""Curves: through every point, smooth except at corners, evenly spaced."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.pen import curve
from watcher.pen.forms import FORMS

STROKES = [stroke for forms in FORMS.values() for form in forms for stroke in form.strokes]


def sharpest_turn(path: curve.Path) -> float:
    """The largest change of direction between neighboring steps, in degrees."""
    steps = np.diff(path, axis=0)
    turns = np.diff(np.unwrap(np.arctan2(steps[:, 1], steps[:, 0])))
    return float(np.degrees(np.abs(turns).max()))


def test_the_pen_passes_every_point_of_each_stroke() -> None:
    for stroke in STROKES:
        knots = curve.parse(stroke)
        path = curve.spline_path(knots)
        far = np.hypot(*(knots.points[:, None] - path[None]).transpose(2, 0, 1)).min(axis=1)
        assert far.max() < curve.STEP, stroke


def test_each_stroke_fills_its_height_and_stays_in_it() -> None:
    for stroke in STROKES:
        path = curve.spline_path(curve.parse(stroke))
        assert path[:, 1].min() > -0.03, stroke
        assert path[:, 1].max() < 1.03, stroke
        assert path[:, 0].min() > -0.03, stroke


@pytest.mark.parametrize(("middle", "sharp"), [("50,50", False), ("50,50!", True)])
def test_only_a_marked_point_is_a_corner(middle: str, sharp: bool) -> None:  # noqa: FBT001 - a test's parameter
    path = curve.spline_path(curve.parse(f"0,0 {middle} 0,100"))
    assert (sharpest_turn(path) > 45) is sharp


@pytest.mark.parametrize("stroke", ["", "1,2", "1,2 3", "1,2 3,4,5", "1,2 a,b", "1,2 3,4?"])
def test_a_stroke_that_cannot_be_read_is_refused(stroke: str) -> None:
    with pytest.raises(ValueError, match="stroke"):
        curve.parse(stroke)


@given(st.integers(3, 200), st.floats(0.5, 30))
def test_smoothing_keeps_both_ends_and_straight_lines(points: int, reach: float) -> None:
    line = np.stack([np.linspace(0, 1, points), np.linspace(2, -1, points)], axis=1)
    assert np.allclose(curve.smooth(line, reach), line)


def test_smoothing_rounds_a_corner() -> None:
    path = curve.spline_path(curve.parse("0,0 50,50! 0,100"))
    assert sharpest_turn(curve.smooth(path, 5)) < sharpest_turn(path) / 3
