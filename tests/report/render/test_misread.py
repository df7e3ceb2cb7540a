"""The most certain mistakes are shown."""

from watcher.recognition import Reading
from watcher.report.render.misread import misread


def reading(digit: int, certainty: float) -> Reading:
    return Reading(digit, certainty, None, (0.0,) * 10, ())


def test_the_most_certain_mistakes_come_first_and_the_rest_are_counted() -> None:
    judged = [
        (1, reading(1, 0.99), "right"),
        (1, reading(7, 0.6), "doubtful"),
        (2, reading(7, 0.97), "sure"),
        (3, reading(8, 0.8), "between"),
    ]
    shown, more = misread(judged, most=2)
    assert [item for _, _, item in shown] == ["sure", "between"]
    assert more == 1
    assert misread(judged[:1]) == ([], 0)
