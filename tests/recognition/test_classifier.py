"""ImageClassifier: fit, classify, describe itself, save and load."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from watcher.errors import UnfitReferencesError
from watcher.recognition import NORMALIZERS, RULES, ImageClassifier, Reading
from watcher.recognition.persistence import FACTS

Pictures = tuple[NDArray[np.uint8], NDArray[np.int64]]
Draw = Callable[..., NDArray[np.uint8]]


def small_gray(picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    return np.asarray(1 - picture[::4, ::4].mean(axis=2) / 255)


@pytest.fixture(scope="module")
def fitted(pictures: Pictures) -> ImageClassifier:
    return ImageClassifier().fit(*pictures)


@pytest.mark.parametrize("normalizer", [*NORMALIZERS, small_gray])
@pytest.mark.parametrize("rule", RULES)
def test_every_normalizer_works_with_every_rule(normalizer: Any, rule: str, pictures: Pictures) -> None:
    drawn, labels = pictures
    classifier = ImageClassifier(normalizer, rule).fit(drawn[::4], labels[::4])
    readings = classifier.classify(drawn[1::4])
    right = [reading.digit == label for reading, label in zip(readings, labels[1::4], strict=True)]
    assert np.mean(right) > 0.6


def test_new_drawings_are_recognized(fitted: ImageClassifier, draw: Draw) -> None:
    for digit in range(10):
        (reading,) = fitted.classify(draw(digit, 99))
        assert reading.digit == digit
        assert reading.certainty > 0.6
        assert reading.reason is None


def test_a_reading_is_made_of_plain_numbers(fitted: ImageClassifier, draw: Draw) -> None:
    (reading,) = fitted.classify(draw(3, 99))
    assert type(reading.digit) is int
    assert type(reading.certainty) is float
    assert type(reading.runner_up) is int
    assert [type(score) for score in reading.scores] == [float] * 10
    assert [type(number) for number in reading.nearest] == [int] * 5
    assert reading.scores.index(max(reading.scores)) == reading.digit != reading.runner_up
    with pytest.raises(AttributeError):
        reading.digit = 4  # type: ignore[misc] # that it cannot be set is the point


def test_readings_do_not_depend_on_the_batch(fitted: ImageClassifier, pictures: Pictures) -> None:
    drawn, _ = pictures
    together = fitted.classify(drawn)
    assert [fitted.classify(picture)[0] for picture in drawn] == together
    assert fitted.classify(list(drawn)) == together
    assert fitted.classify([]) == []


def test_nearest_references_are_given_by_id(pictures: Pictures) -> None:
    drawn, labels = pictures
    ids = 1000 - np.arange(len(labels))
    shuffled = np.random.default_rng(0).permutation(len(labels))
    classifier = ImageClassifier().fit(drawn[shuffled], labels[shuffled], ids[shuffled])
    for index in (0, 33, 79):
        (reading,) = classifier.classify(drawn[index])
        assert reading.nearest[0] == ids[index]


@pytest.mark.parametrize("rule", RULES)
def test_the_order_of_references_does_not_matter(rule: str, pictures: Pictures) -> None:
    others, known, labels = pictures[0][:5], pictures[0][5:], pictures[1][5:]
    shuffled = np.random.default_rng(0).permutation(len(labels))
    one = ImageClassifier(rule=rule).fit(known, labels).classify(others)
    other = ImageClassifier(rule=rule).fit(known[shuffled], labels[shuffled]).classify(others)
    assert [reading.scores for reading in one] == [
        pytest.approx(reading.scores, rel=1e-5) for reading in other
    ]


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("paper", [0, 240, 255])
def test_a_picture_without_ink_has_no_best_guess(
    rule: str, paper: int, pictures: Pictures, draw: Draw
) -> None:
    fitted = ImageClassifier(rule=rule).fit(*pictures)
    blank, drawn = fitted.classify([np.full((64, 64, 3), paper, np.uint8), draw(5)])
    assert (blank.digit, blank.certainty, blank.runner_up, blank.nearest) == (None, 0.0, None, ())
    assert blank.reason == "there is no ink on it"
    assert len(blank.scores) == 10
    assert drawn.digit is not None


@pytest.mark.parametrize("rule", RULES)
def test_a_single_reference_is_enough(rule: str, draw: Draw) -> None:
    classifier = ImageClassifier(rule=rule).fit(draw(6)[None], [6])
    (reading,) = classifier.classify(draw(2))
    assert (reading.digit, reading.runner_up, reading.certainty) == (6, None, 0.5)
    assert reading.nearest == (0,)
    assert repr(classifier) == "ImageClassifier with 1 digit, 1 reference each"


@pytest.mark.parametrize("rule", RULES)
def test_in_a_tie_the_smaller_digit_wins(rule: str, draw: Draw) -> None:
    same = np.stack([draw(5)] * 4)
    for reading in ImageClassifier(rule=rule).fit(same, [9, 4, 9, 4]).classify([draw(5), draw(1)]):
        assert (reading.digit, reading.runner_up, reading.certainty) == (4, 9, 0.5)


def test_repr_and_counts(pictures: Pictures, fitted: ImageClassifier) -> None:
    drawn, labels = pictures
    assert str(fitted) == "ImageClassifier with 10 digits, 8 references each"
    assert fitted.counts == (8,) * 10
    some = labels != 3
    some[:2] = False
    assert repr(ImageClassifier(rule="averaged").fit(drawn[some], labels[some])) == (
        "ImageClassifier with 9 digits, 6 to 8 references each"
    )
    assert repr(ImageClassifier()) == "ImageClassifier without references"
    assert ImageClassifier().counts == (0,) * 10


def test_fit_normalized_equals_fit(pictures: Pictures, fitted: ImageClassifier) -> None:
    drawn, labels = pictures
    again = ImageClassifier().fit_normalized(fitted.normalize(drawn), labels)
    assert again.classify(drawn[::8]) == fitted.classify(drawn[::8])


@pytest.mark.parametrize(
    ("count", "labels", "ids", "reason"),
    [
        (0, [], None, "there are no references"),
        (2, [1], None, "as many labels"),
        (2, [1, 10], None, "0 to 9"),
        (2, [-1, 1], None, "0 to 9"),
        (2, [0.5, 1.0], None, "whole numbers"),
        (2, [1, 2], [1], "as many labels and ids"),
        (2, [1, 2], [0.1, 0.2], "whole numbers"),
    ],
)
def test_unfit_references_are_refused(
    count: int, labels: list[int], ids: Any, reason: str, draw: Draw
) -> None:
    drawn = np.stack([draw(1)] * 2)[:count]
    with pytest.raises(UnfitReferencesError, match=reason):
        ImageClassifier().fit(drawn, labels, ids)


@pytest.mark.parametrize(
    "unfit", [np.zeros((1, 64, 64), np.uint8), np.zeros((1, 64, 64, 3)), np.zeros((1, 32, 32, 3), np.uint8)]
)
def test_arrays_of_another_shape_or_type_are_refused(unfit: NDArray[Any], fitted: ImageClassifier) -> None:
    with pytest.raises(UnfitReferencesError, match="pictures are"):
        ImageClassifier().fit(unfit, [1])
    with pytest.raises(ValueError, match="pictures are"):
        fitted.classify(unfit)


def test_a_normalizer_must_give_finite_numbers_of_one_shape(pictures: Pictures) -> None:
    with pytest.raises(UnfitReferencesError, match="finite"):
        ImageClassifier(lambda picture: picture[:1, :1, :1] * np.nan).fit(*pictures)
    with pytest.raises(UnfitReferencesError, match="one shape"):
        ImageClassifier(lambda picture: np.zeros(int(picture.sum()) % 7 + 1)).fit(*pictures)


def test_warm_up_does_not_change_answers(pictures: Pictures, draw: Draw) -> None:
    fitted = ImageClassifier().fit(*pictures)
    before = fitted.classify(draw(5, 7))
    fitted.warm_up()
    assert fitted.classify(draw(5, 7)) == before


def test_nothing_works_before_fit(draw: Draw, tmp_path: Path) -> None:
    with pytest.raises(UnfitReferencesError, match="no references"):
        ImageClassifier().classify(draw(1))
    with pytest.raises(UnfitReferencesError, match="no references"):
        ImageClassifier().save(tmp_path / "saved")
    with pytest.raises(UnfitReferencesError, match="no references"):
        ImageClassifier().warm_up()


def test_a_wrong_name_gets_a_suggestion() -> None:
    with pytest.raises(ValueError, match="did you mean centered"):
        ImageClassifier("centerd")
    with pytest.raises(ValueError, match=r"did you mean nearest.*votes, averaged, nearest, deformable"):
        ImageClassifier(rule="neares")
    with pytest.raises(ValueError, match="there is no rule magic"):
        ImageClassifier(rule="magic")


@pytest.mark.parametrize("normalizer", NORMALIZERS)
@pytest.mark.parametrize("rule", RULES)
def test_a_loaded_classifier_gives_the_same_answers(
    normalizer: str, rule: str, pictures: Pictures, tmp_path: Path
) -> None:
    drawn, labels = pictures
    some = np.random.default_rng(2).permutation(len(labels))[:20]
    fitted = ImageClassifier(normalizer, rule).fit(drawn[some], labels[some], some)
    fitted.save(tmp_path / "deep" / "saved")
    expected = fitted.classify(drawn[:20])
    for mmap in (True, False):
        loaded = ImageClassifier.load(tmp_path / "deep" / "saved", mmap=mmap)
        assert loaded.classify(drawn[:20]) == expected
        assert repr(loaded) == repr(fitted)


def test_saving_replaces_the_folder_and_leaves_no_other_files(pictures: Pictures, tmp_path: Path) -> None:
    drawn, labels = pictures
    ImageClassifier(rule="nearest").fit(drawn, labels).save(tmp_path / "saved")
    ImageClassifier("binary", "votes").fit(drawn[:8], labels[:8]).save(tmp_path / "saved")
    assert [found.name for found in tmp_path.iterdir()] == ["saved"]
    assert ImageClassifier.load(tmp_path / "saved").counts == (8, *[0] * 9)


def test_a_callable_normalizer_must_be_given_to_load(pictures: Pictures, tmp_path: Path) -> None:
    fitted = ImageClassifier(small_gray).fit(*pictures)
    fitted.save(tmp_path / "saved")
    with pytest.raises(UnfitReferencesError, match=r"give it to load\(\)"):
        ImageClassifier.load(tmp_path / "saved")
    loaded = ImageClassifier.load(tmp_path / "saved", small_gray)
    assert loaded.classify(pictures[0][::8]) == fitted.classify(pictures[0][::8])


FILES = ("pictures.npy", "rows.npy", "labels.npy", "ids.npy", "classifier.json")


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("damage", ["missing", "empty", "cut off", "changed"])
def test_a_damaged_folder_is_refused(name: str, damage: str, fitted: ImageClassifier, tmp_path: Path) -> None:
    fitted.save(tmp_path / "saved")
    file = tmp_path / "saved" / name
    held = file.read_bytes()
    if damage == "missing":
        file.unlink()
    else:
        changed = held[:-9] + b"\x01" + held[-8:]
        file.write_bytes({"empty": b"", "cut off": held[:-9], "changed": changed}[damage])
    with pytest.raises(UnfitReferencesError):
        ImageClassifier.load(tmp_path / "saved")


@pytest.mark.parametrize(
    "facts",
    [
        {"format": 99},
        {"rule": "magic"},
        {"normalizer": "magic"},
        {"slope": None},
        {"slope": "x"},
        {"power": 0},
        {"oddest": "x"},
        {"augment": None},
        {"checksums": {}},
    ],
)
def test_invalid_facts_are_refused(facts: dict[str, Any], fitted: ImageClassifier, tmp_path: Path) -> None:
    fitted.save(tmp_path / "saved")
    file = tmp_path / "saved" / "classifier.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | facts))
    with pytest.raises(UnfitReferencesError):
        ImageClassifier.load(tmp_path / "saved")


def test_saved_names_are_those_of_earlier_versions(
    fitted: ImageClassifier, pictures: Pictures, tmp_path: Path
) -> None:
    fitted.save(tmp_path / "saved")
    facts = json.loads((tmp_path / "saved" / FACTS).read_text("utf-8"))
    assert facts.keys() == {
        *("format", "normalizer", "rule", "augment", "slope", "power", "glance", "oddest", "checksums")
    }
    assert facts["normalizer"] == "centred"
    again = ImageClassifier("centred").fit(*pictures)
    again.save(tmp_path / "again")
    assert json.loads((tmp_path / "again" / FACTS).read_text("utf-8")) == facts


def test_readings_are_equal_by_value() -> None:
    assert Reading(1, 0.5, 2, (0.0,) * 10, (1,)) == Reading(1, 0.5, 2, (0.0,) * 10, (1,), None)
