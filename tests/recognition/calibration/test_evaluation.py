"""The numbers of an evaluation are right."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.recognition import Reading
from watcher.recognition.calibration.evaluation import evaluate


def reading(digit: int | None, certainty: float, reason: str | None = None) -> Reading:
    return Reading(digit, certainty, None, (0.0,) * 10, (), reason)


def test_nothing_evaluated_is_all_zeros() -> None:
    found = evaluate([], [], review_below=0.9, unreadable=3).to_dict()
    assert (found["images"], found["unreadable"], found["error_rate"], found["ece"]) == (0, 3, 0.0, 0.0)
    assert found["coverage"] == {"0.001": 0.0, "0.01": 0.0}


def test_errors_and_review_are_counted() -> None:
    answers = [
        reading(1, 0.95),
        reading(2, 0.95),
        reading(3, 0.5),
        reading(4, 0.5),
        reading(5, 0.99, "no ink"),
    ]
    found = evaluate([1, 9, 3, 9, 9], answers, review_below=0.9, seconds=1.5)
    assert (found.images, found.errors, found.error_rate) == (5, 3, 0.6)
    assert (found.review, found.wrong_filed, found.seconds) == (3, 1, 1.5)
    assert found.confusion[9][2] == 1
    assert found.confusion[2][9] == 0
    assert sum(map(sum, found.confusion)) == 5


def test_a_blank_picture_is_an_error_that_is_taken_for_nothing() -> None:
    found = evaluate([7, 1], [reading(None, 0.0, "no ink"), reading(1, 0.95)], review_below=0.9)
    assert (found.images, found.errors, found.review, found.wrong_filed) == (2, 1, 1, 0)
    assert found.confusion[7] == [0] * 10
    assert sum(map(sum, found.confusion)) == 1


def test_certainty_at_the_threshold_is_enough() -> None:
    assert evaluate([1], [reading(1, 0.9)], review_below=0.9).review == 0


def test_calibration_error_is_the_mean_gap() -> None:
    right, wrong = reading(1, 0.9), reading(2, 0.9)
    assert evaluate([1] * 10, [right] * 9 + [wrong], review_below=0).ece == pytest.approx(0)
    assert evaluate([1] * 10, [right] * 5 + [wrong] * 5, review_below=0).ece == pytest.approx(0.4)
    assert evaluate([1, 1], [reading(1, 1.0), reading(2, 0.0)], review_below=0).ece == 0


def test_coverage_takes_the_most_certain_first() -> None:
    answers = [reading(1, 0.99 - i / 1000) for i in range(150)] + [
        reading(2, 0.1 + i / 1000) for i in range(50)
    ]
    covered = evaluate([1] * 200, answers, review_below=0).coverage
    assert covered == {"0.001": 0.75, "0.01": 0.755}


def test_coverage_takes_equal_certainties_together() -> None:
    answers = [reading(1, 0.9)] * 3 + [reading(2, 0.9)]
    assert evaluate([1] * 4, answers, review_below=0).coverage["0.01"] == 0.0


def test_coverage_may_recover_after_an_early_error() -> None:
    answers = [reading(2, 1.0)] + [reading(1, 0.9)] * 99
    assert evaluate([1] * 100, answers, review_below=0).coverage == {"0.001": 0.0, "0.01": 1.0}


answers = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.floats(0, 1)))


@given(answers, st.floats(0, 1))
def test_every_evaluation_adds_up(seen: list[tuple[int, int, float]], threshold: float) -> None:
    found = evaluate([s[0] for s in seen], [reading(s[1], s[2]) for s in seen], review_below=threshold)
    assert sum(map(sum, found.confusion)) == found.images == len(seen)
    assert found.images - sum(found.confusion[d][d] for d in range(10)) == found.errors
    assert 0 <= found.wrong_filed <= min(found.errors, found.images - found.review)
    assert 0 <= found.ece <= 1
    assert 0 <= found.coverage["0.001"] <= found.coverage["0.01"] <= 1
    assert json.loads(json.dumps(found.to_dict())) == found.to_dict()
