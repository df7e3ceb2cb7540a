"""Training: readable images become references; others are refused by name."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from helpers.new_database import new_database
from helpers.support import digit_picture

from watcher.references.training import train
from watcher.store.references import LabeledImage, ReferenceStore

SEVEN, ONE = (LabeledImage(digit_picture(digit), digit, "mine", f"{digit}_0.png") for digit in (7, 1))
EMPTY = LabeledImage(b"", 3, "mine", "3_0.png")
LETTER = LabeledImage(b"Dear Sir,", 4, "mine", "4_0.png")


@pytest.fixture
def references(tmp_path: Path) -> Iterator[ReferenceStore]:
    with closing(new_database(tmp_path / "watcher.db")) as database:
        yield ReferenceStore(database)


def test_unreadable_images_are_refused_by_name_and_the_rest_is_added(references: ReferenceStore) -> None:
    trained = train(references, [EMPTY, SEVEN, LETTER, ONE], "a mixed lot")
    assert (trained.added, trained.known, trained.conflicts) == (2, 0, ())
    assert trained.unreadable == (
        (EMPTY, "it is empty"),
        (LETTER, "it is not a PNG, JPEG, BMP, TIFF, GIF or WebP picture"),
    )
    assert [reference.image for reference in references.load()] == [SEVEN.image, ONE.image]


def test_training_twice_adds_nothing(references: ReferenceStore) -> None:
    train(references, [SEVEN, ONE], "once")
    trained = train(references, [SEVEN, ONE], "twice")
    assert (trained.added, trained.known, references.version()) == (0, 2, 1)


def test_a_conflict_is_reported_and_the_first_label_stays(references: ReferenceStore) -> None:
    train(references, [SEVEN], "once")
    wrong = LabeledImage(SEVEN.image, 1, "theirs", "1_7.png")
    trained = train(references, [wrong], "wrong")
    [conflict] = trained.conflicts
    assert (conflict.refused, conflict.known.digit, conflict.known.name) == (wrong, 7, "7_0.png")
    assert references.counts()[7] == 1
    assert references.version() == 1


def test_without_readable_images_there_is_no_new_version(references: ReferenceStore) -> None:
    assert train(references, [EMPTY], "nothing").added == 0
    assert references.version() is None


def test_progress_gets_the_number_of_images_read(references: ReferenceStore) -> None:
    seen: list[int] = []
    train(references, [EMPTY, SEVEN, ONE], "x", seen.append)
    assert seen == [1, 2, 3]


def test_an_interrupt_adds_nothing(references: ReferenceStore) -> None:
    def break_off(done: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(references, [SEVEN, ONE], "broken off", break_off)
    assert references.version() is None
