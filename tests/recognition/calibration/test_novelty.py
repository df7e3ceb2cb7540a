"""Novelty: a picture of no digit is far from all references."""

from collections.abc import Callable

import numpy as np
import pytest
from helpers.nondigits import KINDS, nondigits
from numpy.typing import NDArray

from watcher.recognition import ImageClassifier
from watcher.recognition.calibration.certainty import leads
from watcher.recognition.calibration.novelty import fit_novelty_limit, novelty
from watcher.recognition.reading import NO_INK, UNLIKE_ALL

Pictures = tuple[NDArray[np.uint8], NDArray[np.int64]]


@pytest.fixture(scope="module")
def fitted(pictures: Pictures) -> ImageClassifier:
    return ImageClassifier().fit(*pictures)


@pytest.mark.parametrize("kind", sorted(KINDS.keys() - {"blank", "letters-like-digits"}))
def test_most_pictures_of_no_digit_are_refused(kind: str, fitted: ImageClassifier) -> None:
    reasons = [reading.reason for reading in fitted.classify(nondigits(kind, 24))]
    assert reasons.count(None) <= 6
    assert set(reasons) - {None} <= {NO_INK, UNLIKE_ALL}


def test_blank_paper_is_always_refused(fitted: ImageClassifier) -> None:
    reasons = [reading.reason for reading in fitted.classify(nondigits("blank", 40))]
    assert reasons == [NO_INK] * 40


def test_digits_by_the_same_writer_are_not_refused(
    fitted: ImageClassifier, draw: Callable[..., NDArray[np.uint8]]
) -> None:
    others = np.stack([draw(digit, seed) for digit in range(10) for seed in (100, 101, 102)])
    assert [reading.reason for reading in fitted.classify(others)].count(None) >= 29


def table(*rows: tuple[float, ...]) -> NDArray[np.float64]:
    return np.array([[*row, *[9.0] * (10 - len(row))] for row in rows])


def test_novelty_grows_with_the_distance_to_the_nearest_digit() -> None:
    distances = table((1, 2), (1, 2), (1, 2))
    assert novelty(table((0.1, 8), (0.2, 8), (8, 0.3)), leads(distances)) == pytest.approx(
        np.array([0.1, 0.2, 0.3]) / np.sqrt(2)
    )


def test_novelty_falls_with_the_lead() -> None:
    found = novelty(table((1,), (1,), (1,)), leads(table((1, 4), (1, 2), (2, 2))))
    assert found == pytest.approx([0.5, 1 / np.sqrt(2), 1])


def test_a_known_reference_is_hardly_novel() -> None:
    assert novelty(table((0.1,)), leads(table((0.0, 5))))[0] < 0.001


def test_one_reference_in_fifty_is_above_the_limit() -> None:
    nonconformity = np.full((1000, 10), 5.0)
    nonconformity[:400] = 0.9
    nonconformity[:, 3] = np.linspace(0, 1, 1000)
    found = fit_novelty_limit(nonconformity, np.full((1000, 10), 7.0), np.full(1000, 3))
    assert found == pytest.approx(0.98, abs=0.005)


def test_the_limit_is_at_least_the_usual_novelty_among_other_digits() -> None:
    nonconformity = np.tile(np.linspace(0.4, 0.8, 1000)[:, None], 10)
    nonconformity[:, 3] = 0.01
    found = fit_novelty_limit(nonconformity, np.full((1000, 10), 7.0), np.full(1000, 3))
    assert found == pytest.approx(0.5, abs=0.01)


def test_few_references_give_no_limit() -> None:
    some = np.full((49, 10), 0.5)
    assert fit_novelty_limit(some, some, np.full(49, 3)) is None
