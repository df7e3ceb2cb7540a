"""What is decided of a picture, and the reason that people read."""

import pytest

from watcher.pipeline.decision import Verdict, decide
from watcher.recognition import Reading
from watcher.recognition.reading import NO_INK, UNLIKE_ALL


def reading(certainty: float, reason: str | None = None) -> Reading:
    return Reading(7, certainty, 2, (0.0,) * 10, (1, 2), reason)


@pytest.mark.parametrize(
    ("found", "fault", "verdict"),
    [
        (reading(0.9), None, Verdict("filed", "7", None)),
        (reading(0.8996), None, Verdict("review", "review", "its certainty, 89.9 %, is below 90 %")),
        (reading(0.5), None, Verdict("review", "review", "its certainty, 50.0 %, is below 90 %")),
        (reading(1.0, "it is blank"), None, Verdict("review", "review", "it is blank")),
        (
            reading(0.988, UNLIKE_ALL),
            None,
            Verdict(
                "review",
                "review",
                "98.8 % sure it is a 7 among digits, but unlike every reference: perhaps not a digit",
            ),
        ),
        (
            reading(0.4, UNLIKE_ALL)._replace(digit=8),
            None,
            Verdict(
                "review",
                "review",
                "40.0 % sure it is an 8 among digits, but unlike every reference: perhaps not a digit",
            ),
        ),
        (
            Reading(None, 0.0, None, (0.0,) * 10, (), NO_INK),
            None,
            Verdict("review", "review", "there is no ink on it"),
        ),
        (None, "it is cut off", Verdict("failed", "failed", "it is cut off")),
    ],
)
def test_sure_readings_are_filed_doubtful_ones_reviewed_and_others_failed(
    found: Reading | None, fault: str | None, verdict: Verdict
) -> None:
    assert decide(found, fault, review_below=0.9) == verdict
