"""The rules compute what their docstrings say, for any references."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from watcher.errors import UnfitReferencesError
from watcher.recognition import NORMALIZERS, RULES
from watcher.recognition.rules.nearest import FEW
from watcher.recognition.similarity import Rule, Similarities

Pictures = tuple[NDArray[np.uint8], NDArray[np.int64]]


def plain_votes(picture: Any, references: Any, labels: Any) -> list[int]:
    """The votes rule as plain loops."""
    scores = [0] * 10
    for reference, digit in zip(references, labels, strict=True):
        for row, other_row in zip(picture, reference, strict=True):
            for ink, other_ink in zip(row, other_row, strict=True):
                if ink == 0 and other_ink == 0:
                    scores[digit] += 1
                elif ink != other_ink:
                    scores[digit] -= 1
    return scores


def references_of(seed: int, counts: list[int], shape: tuple[int, ...], values: str) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(10), counts)
    if values == "binary":
        return rng.integers(0, 2, (len(labels), *shape)).astype(np.uint8), labels
    return rng.random((len(labels), *shape)).astype(np.float32), labels


counts = st.lists(st.integers(0, 5), min_size=10, max_size=10).filter(any)
shapes = st.sampled_from([(3, 5), (28, 28), (7,), (4, 4, 3), (1,)])
values = st.sampled_from(["binary", "gray"])
rules = st.sampled_from(["votes", "averaged", "nearest"])  # the fourth has tests of its own


@given(st.integers(0, 2**32), counts, st.integers(1, 12), st.integers(1, 12))
def test_votes_equal_the_plain_loop(seed: int, counts: list[int], height: int, width: int) -> None:
    references, labels = references_of(seed, counts, (height, width), "binary")
    picture = np.random.default_rng(seed + 1).integers(0, 2, (1, height, width)).astype(np.uint8)
    scores = RULES["votes"](references, labels).compare(picture).scores[0]
    expected = plain_votes(picture[0].tolist(), references.tolist(), labels.tolist())
    for digit in range(10):
        if counts[digit]:
            assert scores[digit] == expected[digit]
        else:
            assert scores[digit] < -max(counts) * height * width


def test_votes_on_pictures_equal_the_plain_loop(pictures: Pictures) -> None:
    drawn, labels = pictures
    ink = np.stack([NORMALIZERS["binary"](picture) for picture in drawn[::2]])
    scores = RULES["votes"](ink, labels[::2]).compare(ink[:2]).scores
    for row in range(2):
        assert scores[row].tolist() == plain_votes(ink[row].tolist(), ink.tolist(), labels[::2].tolist())


@given(seed=st.integers(0, 2**32 - 1), alike=st.integers(0, 24))
def test_nearest_by_votes_are_sorted_by_votes_then_index(seed: int, alike: int) -> None:
    rng = np.random.default_rng(seed)
    references = rng.integers(0, 2, (24, 3, 3), np.uint8)
    references[:alike] = references[-1]
    picture = rng.integers(0, 2, (1, 3, 3), np.uint8)
    rule = RULES["votes"](references, np.zeros(24, np.int64))

    def most(asked: NDArray[np.uint8], others: list[int]) -> list[int]:
        alone = [plain_votes(asked.tolist(), [one.tolist()], [0])[0] for one in references]
        return sorted(others, key=lambda index: -alone[index])[:5]

    assert rule.compare(picture).nearest[0].tolist() == most(picture[0], list(range(24)))
    left_out = rule.leave_one_out(np.array([0, 23])).nearest.tolist()
    assert left_out == [most(references[0], list(range(1, 24))), most(references[23], list(range(23)))]


def test_votes_stay_exact_with_very_many_references() -> None:
    references = np.zeros((20_000, 64, 64), np.uint8)
    references[:, ::3] = 1
    scores = RULES["votes"](references, np.full(20_000, 7)).compare(np.zeros((1, 64, 64), np.uint8)).scores
    paper = 64 * int((references[0, :, 0] == 0).sum())
    assert scores[0, 7] == 20_000 * (paper - (4096 - paper))


def test_votes_count_dark_colors_and_high_coverage_as_ink() -> None:
    ink = np.random.default_rng(0).integers(0, 2, (6, 8, 8)).astype(np.uint8)
    labels = np.arange(6)
    expected = RULES["votes"](ink, labels).compare(ink).scores
    gray = np.where(ink, 0.5, 0.49).astype(np.float32)
    assert np.array_equal(RULES["votes"](gray, labels).compare(gray).scores, expected)
    colors = np.where(ink[..., None], [0.9, 0.3, 0.2], [0.1, 0.9, 0.6]).astype(np.float32)
    assert np.array_equal(RULES["votes"](colors, labels).compare(colors).scores, expected)


@given(st.integers(0, 2**32), counts, shapes, values)
def test_averaged_is_the_distance_to_the_mean(
    seed: int, counts: list[int], shape: tuple[int, ...], values: str
) -> None:
    references, labels = references_of(seed, counts, shape, values)
    pictures, _ = references_of(seed + 1, [3] + [0] * 9, shape, values)
    distances = RULES["averaged"](references, labels).compare(pictures).distances
    for digit in range(10):
        if counts[digit]:
            differences = (pictures - references[labels == digit].mean(axis=0, dtype=np.float64)).reshape(
                3, -1
            )
            assert distances[:, digit] == pytest.approx(np.linalg.norm(differences, axis=1), abs=1e-5)


@given(st.integers(0, 2**32), counts, shapes, values)
def test_nearest_is_the_mean_of_the_few_nearest(
    seed: int, counts: list[int], shape: tuple[int, ...], values: str
) -> None:
    references, labels = references_of(seed, counts, shape, values)
    pictures, _ = references_of(seed + 1, [3] + [0] * 9, shape, values)
    found = RULES["nearest"](references, labels).compare(pictures)
    differences = pictures[:, None].astype(float) - references[None].astype(float)
    every = np.linalg.norm(differences.reshape(3, len(labels), -1), axis=2)
    for digit in range(10):
        if counts[digit]:
            few = np.sort(every[:, labels == digit], axis=1)[:, :FEW]
            assert found.distances[:, digit] == pytest.approx(few.mean(axis=1), abs=1e-4)
    nearest = np.take_along_axis(every, found.nearest, axis=1)
    assert nearest == pytest.approx(np.sort(every, axis=1)[:, :5], abs=1e-4)


def check(found: Similarities, pictures: int, references: int, absent: NDArray[np.bool_]) -> None:
    assert found.scores.shape == found.distances.shape == (pictures, 10)
    assert found.scores.dtype == found.distances.dtype == np.float64
    assert np.isfinite(found.scores).all()
    assert not np.isnan(found.distances).any()
    assert (found.distances >= 0).all()
    assert np.array_equal(np.isinf(found.distances), absent)
    assert found.nearest.shape == (pictures, min(5, references))
    assert found.nearest.dtype == np.int64
    for scores, distances in zip(found.scores, found.distances, strict=True):
        order = np.argsort(distances, kind="stable")
        assert (np.diff(scores[order]) <= 0).all()
        if np.isinf(distances).any() and np.isfinite(distances).any():
            assert scores[np.isinf(distances)].max() < scores[np.isfinite(distances)].min()


@given(rules, st.integers(0, 2**32), counts, shapes, values)
def test_every_rule_gives_valid_similarities(
    rule: str, seed: int, counts: list[int], shape: tuple[int, ...], values: str
) -> None:
    references, labels = references_of(seed, counts, shape, values)
    made: Rule = RULES[rule](references, labels)
    absent = np.array(counts) == 0
    check(made.compare(references), len(labels), len(labels), np.tile(absent, (len(labels), 1)))
    pictures, _ = references_of(seed + 1, [2] + [0] * 9, shape, values)
    check(made.compare(pictures), 2, len(labels), np.tile(absent, (2, 1)))


@given(rules, st.integers(0, 2**32), counts, shapes, values)
def test_leave_one_out_equals_comparing_without_the_reference(
    rule: str, seed: int, counts: list[int], shape: tuple[int, ...], values: str
) -> None:
    references, labels = references_of(seed, counts, shape, values)
    indices = np.arange(len(labels))[::2]
    left_out = RULES[rule](references, labels).leave_one_out(indices)
    absent = np.array([(np.bincount(np.delete(labels, i), minlength=10) == 0) for i in indices])
    check(left_out, len(indices), len(labels) - 1, absent)
    for row, index in enumerate(indices):
        assert index not in left_out.nearest[row]
        if len(labels) == 1:
            continue
        others = np.delete(labels, index)
        without = RULES[rule](np.delete(references, index, axis=0), others)
        expected = without.compare(references[index : index + 1])
        best = np.argsort(expected.distances[0], kind="stable")[0]
        assert left_out.scores[row, best] == pytest.approx(expected.scores[0, best], abs=1e-4)


@pytest.mark.parametrize("rule", RULES)
def test_answers_do_not_depend_on_the_batch(rule: str, pictures: Pictures) -> None:
    drawn, labels = pictures
    laid = np.stack([NORMALIZERS["centered"](picture) for picture in drawn])
    made = RULES[rule](laid, labels)
    together = made.compare(laid)
    for row in range(len(laid)):
        alone = made.compare(laid[row : row + 1])
        assert np.array_equal(alone.scores[0], together.scores[row])
        assert np.array_equal(alone.nearest[0], together.nearest[row])


@pytest.mark.parametrize("rule", ["nearest", "averaged"])
def test_an_equal_picture_has_distance_0(rule: str) -> None:
    reference = np.random.default_rng(1).random((1, 28, 28)).astype(np.float32)
    assert RULES[rule](reference, np.array([4])).compare(reference).distances[0, 4] == 0


@pytest.mark.parametrize("rule", RULES)
def test_equal_references_tie(rule: str) -> None:
    references = np.tile(np.random.default_rng(1).integers(0, 2, (1, 9, 9)).astype(np.uint8), (6, 1, 1))
    found = RULES[rule](references, np.array([2, 2, 5, 5, 8, 8])).compare(references[:1])
    assert found.distances[0, 2] == found.distances[0, 5] == found.distances[0, 8]
    assert found.nearest[0].tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("rule", RULES)
def test_another_shape_is_refused(rule: str) -> None:
    made = RULES[rule](np.zeros((2, 5, 5), np.float32), np.array([0, 1]))
    with pytest.raises(UnfitReferencesError, match="shape"):
        made.compare(np.zeros((1, 5, 6), np.float32))
