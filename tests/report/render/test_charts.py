"""The charts: they fit their drawing, and describe themselves in words."""

import xml.etree.ElementTree as ET

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from watcher.report.render.charts import coverage_chart, reliability_chart
from watcher.report.render.measures import error_by_coverage, reliability

Answers = list[tuple[float, bool]]
answers = st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=60)


def drawn(seen: Answers) -> tuple[ET.Element, ET.Element]:
    """Both charts of (certainty, whether right)."""
    certainty = np.array([sure for sure, _ in seen], np.float64)
    right = np.array([was_right for _, was_right in seen], np.bool_)
    curve = [(share, error) for share, error, _ in error_by_coverage(certainty, ~right)]
    bins = reliability(certainty, right)
    marks = [(curve[-1][0], curve[-1][1], "set", "all & every <one>")] if curve else []
    charts = reliability_chart(bins), coverage_chart(curve, marks)
    first, second = (ET.fromstring(chart) for chart in charts)  # noqa: S314 - they were drawn just now
    return first, second


def of_class(drawing: ET.Element, look: str) -> list[ET.Element]:
    return [element for element in drawing.iter() if look in element.get("class", "").split()]


@given(answers)
def test_all_that_is_drawn_lies_within_the_drawing(seen: Answers) -> None:
    for drawing in drawn(seen):
        _, _, width, height = map(float, drawing.get("viewBox", "").split())
        assert drawing.get("role") == "img"
        assert drawing.findtext("desc")
        for element in drawing.iter():
            for name, most in (("x", width), ("x2", width), ("cx", width), ("y", height), ("cy", height)):
                assert 0 <= float(element.get(name, 0)) <= most
            for point in element.get("points", "").split():
                x, y = map(float, point.split(","))
                assert 0 <= x <= width
                assert 0 <= y <= height


def test_a_bar_is_as_high_as_the_share_that_was_right_and_tells_it() -> None:
    chart, _ = drawn([(0.95, True)] * 30 + [(0.95, False)] * 10 + [(0.5, True)])
    half, most = of_class(chart, "bar")
    assert float(most.get("height", 0)) / float(half.get("height", 0)) == 0.75
    assert "few" in half.get("class", "")
    assert "40 pictures, 75.0 % right, 95.0 % expected" in (most.findtext("title") or "")
    assert [text.text for text in of_class(chart, "many")] == ["1", "40"]


def test_the_curve_ends_at_all_pictures_and_marks_say_what_they_are() -> None:
    _, chart = drawn([(0.9 - number / 1000, number < 90) for number in range(100)])
    (curve,), (dot,) = of_class(chart, "curve"), of_class(chart, "mark")
    last = curve.get("points", "").split()[-1]
    assert last == f"{dot.get('cx')},{dot.get('cy')}"
    assert dot.findtext("title") == chart.findtext("desc") == "all & every <one>"
