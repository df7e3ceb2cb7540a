"""Training: readable images become references, others are refused by name; unchecked answers are left out."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from helpers.new_database import new_database
from helpers.support import digit_picture

from watcher.references.training import train, without_unchecked
from watcher.store.database import Database
from watcher.store.pruning import prunable, prune
from watcher.store.references import LabeledImage, ReferenceStore
from watcher.store.results import Decision, ResultsLog, Status
from watcher.store.timestamps import stamp

SEVEN, ONE = (LabeledImage(digit_picture(digit), digit, "mine", f"{digit}_0.png") for digit in (7, 1))
EMPTY = LabeledImage(b"", 3, "mine", "3_0.png")
LETTER = LabeledImage(b"Dear Sir,", 4, "mine", "4_0.png")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with closing(new_database(tmp_path / "watcher.db")) as database:
        yield database


@pytest.fixture
def references(database: Database) -> ReferenceStore:
    return ReferenceStore(database)


def answer(database: Database, image: LabeledImage, status: Status, digit: int | None) -> None:
    """Log that the program gave this answer for a file with the image's content."""
    given = Decision("c", "scan.png", image.sha256, status, "7/scan.png", stamp(1), stamp(2), digit=digit)
    ResultsLog(database).record([given])


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


def test_an_answer_of_the_program_s_own_is_left_out_wherever_the_file_is(database: Database) -> None:
    answer(database, SEVEN, "filed", 7)
    copy = LabeledImage(SEVEN.image, 7, "elsewhere", "7_any.png")
    checked, unchecked = without_unchecked(database, [SEVEN, ONE, copy])
    assert checked == [ONE]
    assert (unchecked.answers, unchecked.pruned, unchecked.count) == ((SEVEN, copy), (), 2)


@pytest.mark.parametrize(
    ("status", "digit"), [("filed", 1), ("review", 7), ("review", 1), ("failed", None), ("failed", 7)]
)
def test_what_a_person_moved_to_its_digit_is_taken(
    database: Database, status: Status, digit: int | None
) -> None:
    answer(database, SEVEN, status, digit)
    assert without_unchecked(database, [SEVEN])[0] == [SEVEN]


def test_what_nobody_can_know_any_more_is_left_out(database: Database) -> None:
    answer(database, SEVEN, "review", 7)
    ResultsLog(database).mark_filed(["c"], stamp(3))
    for _ in prune(database, prunable(database, stamp(4))):
        pass
    checked, unchecked = without_unchecked(database, [SEVEN, ONE])
    assert (checked, unchecked.answers, unchecked.pruned) == ([ONE], (), (SEVEN,))


def test_a_reference_stays_one_whatever_the_log_says(database: Database, references: ReferenceStore) -> None:
    train(references, [SEVEN], "once")
    answer(database, SEVEN, "filed", 7)
    assert without_unchecked(database, [SEVEN])[0] == [SEVEN]
