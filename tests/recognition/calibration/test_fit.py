"""What is fitted to references that are left out in turn."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from watcher.errors import UnfitReferencesError
from watcher.recognition import NORMALIZERS, ImageClassifier, LeftOut
from watcher.recognition.calibration.fit import fit_model
from watcher.recognition.rules.deformable import Deformable

Pictures = tuple[NDArray[np.uint8], NDArray[np.int64]]


@pytest.fixture(scope="module")
def fitted(pictures: Pictures) -> ImageClassifier:
    """Eight references of each digit, with ids from 100; one 8 is labeled 1."""
    drawn, labels = pictures
    wrong = labels.copy()
    wrong[64] = 1
    return ImageClassifier().fit(drawn, wrong, 100 + np.arange(80))


def test_each_reference_is_recognized_by_the_others(fitted: ImageClassifier) -> None:
    answers = fitted.leave_one_out()
    assert sorted(one.id for one in answers) == list(range(100, 180))
    assert sum(one.digit == one.label for one in answers) > 70
    assert all(0.5 <= one.certainty <= 1 for one in answers)


def test_a_mislabeled_reference_stands_out(fitted: ImageClassifier) -> None:
    by_id = {one.id: one for one in fitted.leave_one_out()}
    assert (by_id[164].label, by_id[164].digit) == (1, 8)
    assert by_id[164].certainty > 0.8


def test_leave_one_out_answers_are_saved(fitted: ImageClassifier, tmp_path: Path) -> None:
    fitted.save(tmp_path / "saved")
    loaded = ImageClassifier.load(tmp_path / "saved")
    assert loaded.leave_one_out() == fitted.leave_one_out()
    assert isinstance(loaded.leave_one_out()[0], LeftOut)


def test_leave_one_out_needs_a_fitted_classifier() -> None:
    with pytest.raises(UnfitReferencesError, match="no references"):
        ImageClassifier().leave_one_out()


def test_a_picture_of_no_digit_is_refused(
    fitted: ImageClassifier, draw: Callable[..., NDArray[np.uint8]]
) -> None:
    scribble = np.full((64, 64, 3), 255, np.uint8)
    way = np.cumsum(np.random.default_rng(3).integers(-1, 2, (900, 2)), axis=0) // 2 + 32
    scribble[way[:, 0].clip(10, 54), way[:, 1].clip(10, 54)] = 0
    two_digits = np.concatenate([draw(3)[:, 14:46], draw(8)[:, 18:50]], axis=1)
    for picture in (scribble, two_digits):
        assert fitted.classify(picture)[0].reason == "it is unlike every reference"
    assert [fitted.classify(draw(digit, 99))[0].reason for digit in range(10)] == [None] * 10


def test_with_few_references_nothing_is_refused(
    draw: Callable[..., NDArray[np.uint8]],
) -> None:
    few = ImageClassifier().fit(np.stack([draw(digit) for digit in range(10)]), np.arange(10))
    assert few.classify(np.roll(draw(4), 20, axis=0))[0].reason is None


def test_an_early_exit_needs_less_lead_if_references_are_consistent(pictures: Pictures) -> None:
    drawn, labels = pictures
    laid = np.stack([NORMALIZERS["centered"](picture) for picture in drawn])
    alike = fit_model(Deformable(laid, labels), labels, labels)
    shuffled = np.sort(np.random.default_rng(0).permutation(labels))
    at_random = laid[np.random.default_rng(1).permutation(80)]
    unlike = fit_model(Deformable(at_random, shuffled), shuffled, shuffled)
    assert alike.early_exit is not None
    assert unlike.early_exit is not None
    assert alike.early_exit.lead < 1 < unlike.early_exit.lead


def test_an_early_exit_gives_the_same_answer_as_reranking(
    pictures: Pictures, draw: Callable[..., Any]
) -> None:
    drawn, labels = pictures
    laid = np.stack([NORMALIZERS["centered"](picture) for picture in drawn])
    fitted = fit_model(Deformable(laid, labels), labels, labels)
    others = np.stack(
        [NORMALIZERS["centered"](draw(digit, seed)) for seed in range(90, 100) for digit in range(10)]
    )
    found, sure, is_novel = fitted.compare(others)
    close = fitted.rule.compare(others)
    assert found.exited_early is not None
    assert found.exited_early.sum() > 50
    assert np.array_equal(found.distances.argmin(axis=1), close.distances.argmin(axis=1))
    assert sure[found.exited_early].min() > 0.99
    assert is_novel.sum() < 20
