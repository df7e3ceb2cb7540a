"""The rule `deformable`: small distortions are forgiven, whatever the references are."""

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
from watcher.recognition.features.gradients import directions
from watcher.recognition.rules.candidates import CANDIDATES, near, squared_distances
from watcher.recognition.rules.deformable import Deformable
from watcher.recognition.rules.distortion import WARP, image_distortion
from watcher.recognition.rules.gallery import gallery_of
from watcher.recognition.rules.rerank import DIRECTIONS, ROUNDS
from watcher.recognition.similarity import Similarities

Pictures = tuple[NDArray[np.uint8], NDArray[np.int64]]


def slopes(picture: Any) -> NDArray[np.float64]:
    """(2, h + 2, w + 2): Sobel's gradients of a picture and of the pixel around it."""
    wide = np.pad(picture.astype(float) / 255, 2)
    across, down = wide[:, 2:] - wide[:, :-2], wide[2:] - wide[:-2]
    right = (across[:-2] + 2 * across[1:-1] + across[2:]) / 4
    lower = (down[:, :-2] + 2 * down[:, 1:-1] + down[:, 2:]) / 4
    return np.stack([right, lower])


def plain_distortion(picture: Any, reference: Any) -> float:
    """The image distortion model as one would write it down."""
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
def test_distortion_is_that_of_the_plain_loop(seed: int, count: int, height: int, width: int) -> None:
    rng = np.random.default_rng(seed)
    picture, *references = rng.integers(0, 256, (count + 1, height, width)).astype(np.uint8)
    found = image_distortion(picture, np.stack(references))
    some = {0, count // 2, count - 1}
    for index in some:
        assert found[index] == pytest.approx(plain_distortion(picture, references[index]), rel=0.1, abs=0.1)


def test_each_reference_counts_alone(pictures: Pictures) -> None:
    gray = np.stack([cv2.resize(picture[..., 0], (28, 28)) for picture in pictures[0]])
    together = image_distortion(gray[0], gray)
    assert together.tolist() == [float(image_distortion(gray[0], gray[i : i + 1])[0]) for i in range(80)]
    assert together[0] == 0
    assert image_distortion(gray[0], gray[:0]).shape == (0,)


def test_what_moved_a_little_is_hardly_distorted() -> None:
    line = np.zeros((28, 28), np.uint8)
    line[6:22, 12:15] = 255
    moved = [np.roll(line, columns, axis=1) for columns in (WARP, WARP + 4)]
    near, far = image_distortion(line, np.stack(moved))
    assert near == 0
    assert far > 10


def laid(pictures: Pictures, every: int = 1) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    drawn, labels = pictures
    return np.stack([NORMALIZERS["centered"](picture) for picture in drawn[::every]]), labels[::every]


def sound(found: Similarities, pictures: int, told: int, absent: NDArray[np.bool_]) -> None:
    assert found.scores.shape == found.distances.shape == (pictures, 10)
    assert np.isfinite(found.scores).all()
    assert (found.distances >= 0).all()
    assert np.array_equal(np.isinf(found.distances), absent)
    assert found.nearest.shape == (pictures, told)
    assert all(len(set(row)) == told for row in found.nearest.tolist())
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
def test_it_gives_sound_numbers(seed: int, counts: list[int], shape: tuple[int, ...], copies: str) -> None:
    labels = np.repeat(np.arange(10), counts)
    references = np.random.default_rng(seed).random((len(labels), *shape)).astype(np.float32)
    rule = Deformable(references, labels, augment=copies == "with copies")
    absent = np.array(counts) == 0
    sound(rule.compare(references), len(labels), min(5, len(labels)), np.tile(absent, (len(labels), 1)))
    every = np.arange(len(labels))
    left_out = np.array([np.bincount(np.delete(labels, i), minlength=10) == 0 for i in every])
    sound(rule.leave_one_out(every), len(labels), min(5, len(labels) - 1), left_out)


@pytest.mark.parametrize("picture", [np.zeros((28, 28)), np.ones((28, 28))])
def test_blank_pictures_and_references_do_no_harm(picture: NDArray[Any], pictures: Pictures) -> None:
    references, labels = laid(pictures, 8)
    mixed = np.concatenate([references, picture[None]]).astype(np.float32)
    rule = Deformable(mixed, np.append(labels, 9))
    found = rule.compare(np.zeros((1, 28, 28), np.float32))
    assert np.isfinite(found.distances).all()
    only = Deformable(picture[None].astype(np.float32), np.array([4])).compare(mixed)
    assert np.isfinite(only.distances[:, 4]).all()


@pytest.mark.parametrize("shape", [(7,), (4, 4, 2), (2, 2, 2, 2)])
def test_what_is_no_picture_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(UnfitReferencesError, match=r"deformable compares pictures of shape \(h, w\)"):
        Deformable(np.zeros((2, *shape)), np.array([0, 1]))


def test_leaving_one_out_leaves_its_copies_out(pictures: Pictures) -> None:
    references, labels = laid(pictures, 4)
    rule = Deformable(references, labels)
    for index in (0, 7, 19):
        without = Deformable(np.delete(references, index, axis=0), np.delete(labels, index))
        expected = without.compare(references[index : index + 1])
        found = rule.leave_one_out(np.array([index]))
        best = int(expected.distances[0].argmin())
        assert found.distances[0, best] == pytest.approx(expected.distances[0, best], rel=0.02)
        assert index not in found.nearest[0]


def test_a_reference_is_strange_to_the_others_when_its_next_of_kin_is_gone(pictures: Pictures) -> None:
    references, labels = laid(pictures, 4)
    twins, both = np.repeat(references, 2, axis=0), np.repeat(labels, 2)
    rule = Deformable(twins, both)
    found = rule.leave_one_out(np.arange(0, 40, 2))
    rows = np.arange(20)
    assert (found.nearest[:, 0] == np.arange(1, 40, 2)).all()
    assert found.estranged is not None
    assert (found.estranged.distances[rows, labels] > 1.2 * found.distances[rows, labels]).all()


def test_many_references_have_fewer_copies_and_all_have_as_many() -> None:
    for count, expected in ((1, 15), (30, 15), (1500, 4), (4001, 1)):
        pictures = np.random.default_rng(0).integers(0, 256, (count, 6, 6)).astype(np.uint8)
        copies, which = copies_of(pictures)
        assert np.bincount(which).tolist() == [expected] * count
        assert copies.shape == (count * expected, 6, 6)


def test_of_very_many_references_some_have_a_copy_with_a_fatter_pen() -> None:
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


def test_copies_lie_beside_the_references_they_were_made_from() -> None:
    labels = np.repeat(np.arange(10), 3)
    references = np.random.default_rng(0).random((30, 28, 28))
    gallery = gallery_of(references, labels, augment=True)
    assert np.array_equal(gallery.labels, labels[gallery.owners])
    assert np.array_equal(gallery.owners[gallery.originals], np.arange(30))
    alone = gallery_of(references, labels, augment=False)
    assert np.array_equal(alone.owners, np.arange(30))
    assert np.array_equal(alone.pictures, gallery.pictures[gallery.originals])


def test_with_very_many_equal_references_none_is_preferred() -> None:
    reference = np.random.default_rng(1).random((28, 28)).astype(np.float32)
    labels = np.repeat([3, 6, 8], 2 * CANDIDATES)
    found = Deformable(np.tile(reference, (len(labels), 1, 1)), labels).compare(reference[None])
    (distance,) = set(found.distances[0, [3, 6, 8]].tolist())
    assert distance == pytest.approx(0, abs=1e-5)  # the mean of equal rows may be rounded


def test_rough_distances_are_those_of_the_plain_loop() -> None:
    rng = np.random.default_rng(5)
    labels = np.repeat(np.arange(10), [1, 2, 3, 0, 40, 97, 128, 333, 700, 2000])
    gallery = gallery_of(rng.integers(0, 256, (len(labels), 12, 12)), labels, augment=False)
    rows = directions(gallery.pictures[::300])
    places, missing = gallery.principal.of(rows)
    apart = squared_distances(gallery, places)
    apart[:, ::7] = np.inf
    found = near(gallery, places, missing, apart).rough
    exact = np.square(places[:, None] - gallery.rows).sum(axis=2)
    exact[:, ::7] = np.inf
    for digit in range(10):
        few = np.sort(exact[:, labels == digit], axis=1)[:, :3]
        expected = [row[np.isfinite(row)].mean() if np.isfinite(row).any() else np.inf for row in few]
        assert found[:, digit] == pytest.approx(expected + missing, rel=1e-4)


def test_where_a_glance_leaves_no_doubt_there_is_no_closer_look(pictures: Pictures) -> None:
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


def test_where_it_is_close_all_that_may_decide_it_is_looked_at() -> None:
    """Of digits between which it is close no nearest reference is missed, though few were candidates."""
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
                least.mean() + DIRECTIONS * nonconformity[digit], rel=1e-3
            )


def test_copies_forgive_what_references_lack(
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
