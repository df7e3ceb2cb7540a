"""What to expect from references that are left out in turn."""

from watcher.recognition.calibration.leave_one_out import expectation, too_few
from watcher.recognition.reading import LeftOut

RIGHT = LeftOut(1, 7, 7, 0.99)
UNSURE = LeftOut(2, 3, 8, 0.6)
SUSPECT = LeftOut(3, 1, 7, 0.985)
WORSE = LeftOut(4, 4, 9, 0.999)
MANY = (10,) * 10


def test_errors_and_filed_references_are_counted() -> None:
    expected = expectation([RIGHT, RIGHT, UNSURE, SUSPECT], MANY, review_below=0.9)
    assert (expected.checked, expected.error_rate, expected.filed) == (4, 0.5, 0.75)
    assert expected.wrong_filed == 1 / 3
    assert abs(expected.certainty - (0.99 + 0.99 + 0.6 + 0.985) / 4) < 1e-12


def test_suspects_are_certain_of_another_digit_the_most_certain_first() -> None:
    assert expectation([UNSURE, SUSPECT, RIGHT, WORSE], MANY, review_below=0.9).suspects == (WORSE, SUSPECT)


def test_without_references_all_rates_are_0() -> None:
    expected = expectation([], MANY, review_below=0.9)
    assert (expected.checked, expected.error_rate, expected.filed, expected.suspects) == (0, 0.0, 0.0, ())


def test_the_only_reference_of_a_digit_is_not_counted() -> None:
    expected = expectation([RIGHT, WORSE], (0, 0, 0, 0, 1, 0, 0, 2, 0, 0), review_below=0.9)
    assert (expected.checked, expected.error_rate, expected.suspects) == (1, 0.0, ())


def test_digits_with_few_references_are_listed() -> None:
    assert too_few([40, 9, 10, 0, 40, 40, 40, 40, 40, 40]) == {1: 9, 3: 0}
