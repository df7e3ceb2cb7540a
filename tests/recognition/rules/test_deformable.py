"""The rule `deformable`: small distortions hardly count, for any references."""

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest
from helpers.examples import examples
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from watcher.errors import UnfitReferencesError
from watcher.recognition import NORMALIZERS
from watcher.recognition.calibration.certainty import leads
from watcher.recognition.features.augmentation import copies_of
from watcher.recognition.features.gradients import gradient_features
from watcher.recognition.rules.candidates import CANDIDATES, find_candidates, squared_distances
from watcher.recognition.rules.deformable import Deformable
from watcher.recognition.rules.distortion import WARP, image_distortion
from watcher.recognition.rules.reference_index import build_index
from watcher.recognition.rules.rerank import FEATURE_WEIGHT, ROUNDS
from watcher.recognition.similarity import Similarities

Pictures = tuple[NDArray[np.uint8], NDArray[np.int64]]


def slopes(picture: Any) -> NDArray[np.float64]:
    """(2, h + 2, w + 2): Sobel's gradients of a picture with a margin of one pixel."""
    wide = np.pad(picture.astype(float) / 255, 2)
    across, down = wide[:, 2:] - wide[:, :-2], wide[2:] - wide[:-2]
    right = (across[:-2] + 2 * across[1:-1] + across[2:]) / 4
    lower = (down[:, :-2] + 2 * down[:, 1:-1] + down[:, 2:]) / 4
    return np.stack([right, lower])


def plain_distortion(picture: Any, reference: Any) -> float:
    """The image distortion model as plain loops."""
    height, width = picture.shape
    own = np.pad(slopes(picture), ((0, 0), (WARP, WARP), (WARP, WARP)))
    theirs = np.pad(slopes(reference), ((0, 0), (WARP, WARP), (WARP, WARP)))
    total = 0.0
    for y in range(WARP + 1, WARP + 1 + height):
        for x in range(WARP + 1, WARP + 1 + width):
            window = own[:, y - 1 : y + 2, x - 1 : x + 2]
            total += min(
                float(((window - theirs[:, y + dy - 1 : y + dy + 2, x + dx - 1 : x + dx + 2]) ** 2).sum())
                for dy in range(-WARP, WARP + 1)
                for dx in range(-WARP, WARP + 1)
            )
    return total


@examples(25)
@given(st.integers(0, 2**32), st.integers(1, 40), st.integers(3, 9), st.integers(3, 9))
def test_distortion_equals_the_plain_loop(seed: int, count: int, height: int, width: int) -> None:
    rng = np.random.default_rng(seed)
    picture, *references = rng.integers(0, 256, (count + 1, height, width)).astype(np.uint8)
    found = image_distortion(picture, np.stack(references))
    some = {0, count // 2, count - 1}
    for index in some:
        assert found[index] == pytest.approx(plain_distortion(picture, references[index]), rel=0.1, abs=0.1)


def test_distortions_do_not_depend_on_the_batch(pictures: Pictures) -> None:
    gray = np.stack([cv2.resize(picture[..., 0], (28, 28)) for picture in pictures[0]])
    together = image_distortion(gray[0], gray)
    assert together.tolist() == [float(image_distortion(gray[0], gray[i : i + 1])[0]) for i in range(80)]
    assert together[0] == 0
    assert image_distortion(gray[0], gray[:0]).shape == (0,)


def test_a_small_shift_causes_no_distortion() -> None:
    line = np.zeros((28, 28), np.uint8)
    line[6:22, 12:15] = 255
    moved = [np.roll(line, columns, axis=1) for columns in (WARP, WARP + 4)]
    near, far = image_distortion(line, np.stack(moved))
    assert near == 0
    assert far > 10


def laid(pictures: Pictures, every: int = 1) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    drawn, labels = pictures
    return np.stack([NORMALIZERS["centered"](picture) for picture in drawn[::every]]), labels[::every]


def check_valid(found: Similarities, pictures: int, named: int, absent: NDArray[np.bool_]) -> None:
    assert found.scores.shape == found.distances.shape == (pictures, 10)
    assert np.isfinite(found.scores).all()
    assert (found.distances >= 0).all()
    assert np.array_equal(np.isinf(found.distances), absent)
    assert found.nearest.shape == (pictures, named)
    assert all(len(set(row)) == named for row in found.nearest.tolist())
    assert found.nonconformity is not None
    assert found.nonconformity.shape == (pictures, 10)
    assert np.array_equal(np.isinf(found.nonconformity), absent)
    assert (found.nonconformity >= 0).all()


@examples(8)
@given(
    st.integers(0, 2**32),
    st.lists(st.integers(0, 5), min_size=10, max_size=10).filter(any),
    st.sampled_from([(3, 5), (28, 28), (40, 20), (4, 4, 3), (1, 1)]),
    st.sampled_from(["with copies", "without"]),
)
def test_similarities_are_valid_for_any_references(
    seed: int, counts: list[int], shape: tuple[int, ...], copies: str
) -> None:
    labels = np.repeat(np.arange(10), counts)
    references = np.random.default_rng(seed).random((len(labels), *shape)).astype(np.float32)
    rule = Deformable(references, labels, augment=copies == "with copies")
    absent = np.array(counts) == 0
    check_valid(rule.compare(references), len(labels), min(5, len(labels)), np.tile(absent, (len(labels), 1)))
    every = np.arange(len(labels))
    left_out = np.array([np.bincount(np.delete(labels, i), minlength=10) == 0 for i in every])
    check_valid(rule.leave_one_out(every), len(labels), min(5, len(labels) - 1), left_out)


@pytest.mark.parametrize("picture", [np.zeros((28, 28)), np.ones((28, 28))])
def test_blank_pictures_and_references_give_finite_distances(
    picture: NDArray[Any], pictures: Pictures
) -> None:
    references, labels = laid(pictures, 8)
    mixed = np.concatenate([references, picture[None]]).astype(np.float32)
    rule = Deformable(mixed, np.append(labels, 9))
    found = rule.compare(np.zeros((1, 28, 28), np.float32))
    assert np.isfinite(found.distances).all()
    only = Deformable(picture[None].astype(np.float32), np.array([4])).compare(mixed)
    assert np.isfinite(only.distances[:, 4]).all()


@pytest.mark.parametrize("shape", [(7,), (4, 4, 2), (2, 2, 2, 2)])
def test_references_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(UnfitReferencesError, match=r"deformable compares pictures of shape \(h, w\)"):
        Deformable(np.zeros((2, *shape)), np.array([0, 1]))


def test_leave_one_out_also_leaves_the_copies_out(pictures: Pictures) -> None:
    references, labels = laid(pictures, 4)
    rule = Deformable(references, labels)
    for index in (0, 7, 19):
        without = Deformable(np.delete(references, index, axis=0), np.delete(labels, index))
        expected = without.compare(references[index : index + 1])
        found = rule.leave_one_out(np.array([index]))
        best = int(expected.distances[0].argmin())
        assert found.distances[0, best] == pytest.approx(expected.distances[0, best], rel=0.02)
        assert index not in found.nearest[0]


def test_as_new_writer_leaves_the_most_similar_references_out(pictures: Pictures) -> None:
    references, labels = laid(pictures, 4)
    twins, both = np.repeat(references, 2, axis=0), np.repeat(labels, 2)
    rule = Deformable(twins, both)
    found = rule.leave_one_out(np.arange(0, 40, 2))
    rows = np.arange(20)
    assert (found.nearest[:, 0] == np.arange(1, 40, 2)).all()
    assert found.as_new_writer is not None
    assert (found.as_new_writer.distances[rows, labels] > 1.2 * found.distances[rows, labels]).all()


def test_the_more_references_the_fewer_copies_of_each() -> None:
    for count, expected in ((1, 15), (30, 15), (1500, 4), (4001, 1)):
        pictures = np.random.default_rng(0).integers(0, 256, (count, 6, 6)).astype(np.uint8)
        copies, which = copies_of(pictures)
        assert np.bincount(which).tolist() == [expected] * count
        assert copies.shape == (count * expected, 6, 6)


def test_some_of_very_many_references_get_a_fat_pen_copy() -> None:
    line = np.zeros((20_000, 8, 8), np.uint8)
    line[:, 1:7, 3:5] = 255
    line[::2, 0, 0] = 1  # not all are equal
    copies, which = copies_of(line)
    assert len(copies) == len(which) < 8000
    assert np.bincount(which).max() == 1
    assert (copies.sum(axis=(1, 2)) > line[which].sum(axis=(1, 2))).all()


def test_equal_pictures_have_equal_copies() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (1, 28, 28)).astype(np.uint8)
    copies, which = copies_of(np.concatenate([picture, picture]))
    assert np.array_equal(copies[which == 0], copies[which == 1])
    assert len(np.unique(copies[which == 0], axis=0)) == 15


def test_copies_have_the_label_and_owner_of_their_original() -> None:
    labels = np.repeat(np.arange(10), 3)
    references = np.random.default_rng(0).random((30, 28, 28))
    index = build_index(references, labels, augment=True)
    assert np.array_equal(index.labels, labels[index.owners])
    assert np.array_equal(index.owners[index.originals], np.arange(30))
    alone = build_index(references, labels, augment=False)
    assert np.array_equal(alone.owners, np.arange(30))
    assert np.array_equal(alone.pictures, index.pictures[index.originals])


def test_digits_with_many_equal_references_tie() -> None:
    reference = np.random.default_rng(1).random((28, 28)).astype(np.float32)
    labels = np.repeat([3, 6, 8], 2 * CANDIDATES)
    found = Deformable(np.tile(reference, (len(labels), 1, 1)), labels).compare(reference[None])
    (distance,) = set(found.distances[0, [3, 6, 8]].tolist())
    assert distance == pytest.approx(0, abs=1e-5)  # the mean of equal rows may be rounded


def test_feature_distances_equal_the_plain_loop() -> None:
    rng = np.random.default_rng(5)
    labels = np.repeat(np.arange(10), [1, 2, 3, 0, 40, 97, 128, 333, 700, 2000])
    index = build_index(rng.integers(0, 256, (len(labels), 12, 12)), labels, augment=False)
    rows = gradient_features(index.pictures[::300])
    features, residuals = index.pca.project(rows)
    squared = squared_distances(index, features)
    squared[:, ::7] = np.inf
    found = find_candidates(index, features, residuals, squared).feature_distances
    exact = np.square(features[:, None] - index.features).sum(axis=2)
    exact[:, ::7] = np.inf
    for digit in range(10):
        few = np.sort(exact[:, labels == digit], axis=1)[:, :3]
        expected = [row[np.isfinite(row)].mean() if np.isfinite(row).any() else np.inf for row in few]
        assert found[:, digit] == pytest.approx(expected + residuals, rel=1e-4)


def test_an_early_exit_skips_reranking(pictures: Pictures) -> None:
    references, labels = laid(pictures)
    rule = Deformable(references[::2], labels[::2])
    close, glance = rule.compare(references[1::2]), rule.compare(references[1::2], 0.0)
    assert close.exited_early is not None
    assert close.nonconformity is not None
    assert glance.exited_early is not None
    assert not close.exited_early.any()
    assert glance.exited_early.all()
    assert np.array_equal(glance.distances.argsort(axis=1), np.argsort(close.nonconformity, axis=1))
    lead = float(np.median(leads(glance.distances)))
    mixed = rule.compare(references[1::2], lead)
    assert mixed.exited_early is not None
    assert mixed.exited_early.sum() == 20
    assert np.array_equal(mixed.scores, np.where(mixed.exited_early[:, None], glance.scores, close.scores))
    assert np.array_equal(mixed.nearest, np.where(mixed.exited_early[:, None], glance.nearest, close.nearest))


def test_close_digits_are_compared_with_all_their_nearest_references() -> None:
    """If two digits are close, re-ranking misses none of their nearest references."""
    rng = np.random.default_rng(7)
    last = ROUNDS[-1]
    labels = np.repeat([2, 5], last.pictures)
    references = rng.integers(0, 256, (len(labels), 28, 28)).astype(np.uint8)
    pictures = rng.integers(0, 256, (8, 28, 28)).astype(np.uint8)
    found = Deformable(references, labels, augment=False).compare(pictures)
    assert found.nonconformity is not None
    close = leads(found.distances) < last.lead
    assert close.any()
    for picture, distances, nonconformity in zip(
        pictures[close], found.distances[close], found.nonconformity[close], strict=True
    ):
        for digit in (2, 5):
            least = np.sort(image_distortion(picture, references[labels == digit]))[:3]
            assert distances[digit] == pytest.approx(
                least.mean() + FEATURE_WEIGHT * nonconformity[digit], rel=1e-3
            )


def test_augmentation_brings_other_writers_nearer(
    coverage: Callable[..., NDArray[np.float32]], paper: Callable[..., NDArray[np.uint8]]
) -> None:
    drawn = np.stack([NORMALIZERS["centered"](paper(coverage(d, s))) for d in range(10) for s in range(2)])
    turn = cv2.getRotationMatrix2D((32, 32), 11, 1)
    turned = np.stack(
        [
            NORMALIZERS["centered"](paper(cv2.warpAffine(coverage(d, s, thickness=6), turn, (64, 64))))
            for d in range(10)
            for s in range(10, 13)
        ]
    )
    labels, truth = np.repeat(np.arange(10), 2), np.repeat(np.arange(10), 3)
    rows = np.arange(len(truth))
    plain, augmented = (
        Deformable(drawn, labels, augment=augment).compare(turned).distances[rows, truth].mean()
        for augment in (False, True)
    )
    assert augmented < 0.95 * plain
