"""Shares and verdicts as text."""

import pytest

from watcher.recognition import Reading
from watcher.report.render.values import Explanation
from watcher.report.render.words import verdict
from watcher.text import share_percent


@pytest.mark.parametrize(
    ("share", "places", "shown"),
    [(0, 1, "0.0 %"), (1, 1, "100.0 %"), (0.0305, 2, "3.05 %"), (0.99999, 1, "99.9 %"), (1e-9, 2, "0.01 %")],
)
def test_only_none_is_0_and_only_all_is_100(share: float, places: int, shown: str) -> None:
    assert share_percent(share, places) == shown


def test_the_verdict_says_where_and_why() -> None:
    reading = Reading(3, 0.5, None, (0.0,) * 10, ())
    assert verdict(Explanation("a", "filed", None, reading)) == "It would be filed under 3."
    assert (
        verdict(Explanation("a", "review", "it is faint", reading)) == "It would go to review: it is faint."
    )
    assert verdict(Explanation("a", "failed", "it is empty")) == "It could not be read: it is empty."
