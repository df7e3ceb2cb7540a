"""The references: sets of labeled images with versions."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from watcher.store.database import Database, DatabaseError, open_database
from watcher.store.references import (
    ROWS_AT_ONCE,
    Conflict,
    KnownImage,
    LabeledImage,
    Reference,
    ReferenceStore,
    UnknownReferenceError,
)

SEVEN = LabeledImage(b"seven", 7, "images", "7_0.png")
ONE = LabeledImage(b"one", 1, "images", "1_0.png")
OTHER_ONE = LabeledImage(b"another one", 1, "mnist", "12")


@pytest.fixture
def references(database: Database) -> ReferenceStore:
    return ReferenceStore(database)


def test_at_first_there_are_none(references: ReferenceStore) -> None:
    assert references.version() is None
    assert list(references.load()) == []
    assert references.counts() == (0,) * 10
    assert references.summary() == []


def test_what_was_added_is_in_use(references: ReferenceStore) -> None:
    added = references.add([SEVEN, ONE, OTHER_ONE], "the first")
    assert (added.added, added.known, added.conflicts) == (3, 0, [])
    assert references.version() == 1
    assert list(references.load()) == [
        Reference(1, 7, b"seven"),
        Reference(2, 1, b"one"),
        Reference(3, 1, b"another one"),
    ]
    assert references.counts() == (0, 2, 0, 0, 0, 0, 0, 1, 0, 0)
    assert references.summary() == [("images", 1, 1), ("images", 7, 1), ("mnist", 1, 1)]


def test_they_are_read_in_steps_between_which_others_write(
    references: ReferenceStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("watcher.store.references.ROWS_AT_ONCE", 1)
    references.add([SEVEN, ONE], "the first")
    loading = references.load()
    assert next(loading).id == 1
    references.add([OTHER_ONE], "meanwhile")
    assert [reference.id for reference in loading] == [2, 3]


def test_references_are_found_by_their_ids_also_after_they_are_retired(
    references: ReferenceStore, database: Database
) -> None:
    references.add([SEVEN, ONE, OTHER_ONE], "the first")
    with database.transaction() as connection:
        connection.execute(
            text("UPDATE reference_images SET retired_at = 'now', retired_in = 1 WHERE id = 2")
        )
    assert references.with_ids([3, 2, 99, 3]) == {2: ONE, 3: OTHER_ONE}
    assert references.with_ids([]) == {}
    assert len(references.with_ids(range(3 * ROWS_AT_ONCE))) == 3


def test_adding_the_same_again_changes_nothing(references: ReferenceStore) -> None:
    references.add([SEVEN, ONE], "the first")
    before = references.fingerprint()
    elsewhere = replace(SEVEN, source="another folder", name="x.png")
    added = references.add([SEVEN, ONE, elsewhere], "again")
    assert (added.added, added.known, added.conflicts) == (0, 3, [])
    assert (references.version(), references.fingerprint()) == (1, before)
    assert references.add([], "nothing").added == 0
    assert references.version() == 1


def test_one_image_given_twice_is_one_reference(references: ReferenceStore) -> None:
    added = references.add([SEVEN, replace(SEVEN, name="7_1.png")], "the first")
    assert (added.added, added.known) == (1, 1)


def test_an_image_with_two_labels_is_named_and_the_rest_is_added(references: ReferenceStore) -> None:
    references.add([SEVEN], "the first")
    wrong, twice = replace(SEVEN, digit=1, name="1_9.png"), replace(ONE, digit=2, name="2_0.png")
    added = references.add([wrong, ONE, twice], "more")
    assert added.conflicts == [
        Conflict(wrong, KnownImage(7, "images", "7_0.png")),
        Conflict(twice, KnownImage(1, "images", "1_0.png")),
    ]
    assert (added.added, references.version()) == (1, 2)
    assert references.counts() == (0, 1, 0, 0, 0, 0, 0, 1, 0, 0)


def test_each_change_is_a_version_that_says_why(references: ReferenceStore, database: Database) -> None:
    references.add([SEVEN], "the first")
    references.add([ONE, OTHER_ONE], "two more")
    with database.transaction() as connection:
        versions = connection.execute(text("SELECT version, reason FROM reference_versions")).all()
        images = connection.execute(text("SELECT name, added_in FROM reference_images")).all()
    assert [tuple(row) for row in versions] == [(1, "the first"), (2, "two more")]
    assert [tuple(row) for row in images] == [("7_0.png", 1), ("1_0.png", 2), ("12", 2)]


def test_a_fault_midway_adds_nothing(references: ReferenceStore) -> None:
    references.add([SEVEN], "the first")
    before = references.fingerprint()

    def images() -> Iterator[LabeledImage]:
        for number in range(ROWS_AT_ONCE + 1):
            yield replace(ONE, image=b"%d" % number)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        references.add(images(), "broken off")
    assert (references.version(), references.fingerprint()) == (1, before)
    assert len(list(references.load())) == 1


def test_a_label_that_is_no_digit_adds_nothing(references: ReferenceStore) -> None:
    with pytest.raises(DatabaseError, match="ck_reference_images_digit"):
        references.add([SEVEN, replace(ONE, digit=10)], "wrong")
    assert references.version() is None


def test_another_set_has_another_fingerprint(references: ReferenceStore, tmp_path: Path) -> None:
    seen = [references.fingerprint()]
    for image in (SEVEN, ONE, OTHER_ONE):
        references.add([image], "one more")
        seen.append(references.fingerprint())
        assert references.fingerprint() == seen[-1]
    references.retire([1], "a wrong label")
    seen.append(references.fingerprint())
    relabeled = open_database(tmp_path / "relabeled.db")
    ReferenceStore(relabeled).add([replace(SEVEN, digit=1), ONE, OTHER_ONE], "all")
    seen.append(ReferenceStore(relabeled).fingerprint())
    relabeled.close()
    assert len(set(seen)) == len(seen)
    assert all(fingerprint.isalnum() for fingerprint in seen)


def test_a_retired_reference_is_out_of_use_and_may_come_back(
    references: ReferenceStore,
) -> None:
    references.add([SEVEN, ONE], "the first")
    references.retire([1], "a wrong label")
    assert [reference.image for reference in references.load()] == [b"one"]
    assert references.counts() == (0, 1, 0, 0, 0, 0, 0, 0, 0, 0)
    assert references.summary() == [("images", 1, 1)]
    corrected = replace(SEVEN, digit=1)
    assert references.add([corrected], "corrected").added == 1
    assert references.add([corrected], "again").known == 1
    assert references.version() == 3
    assert list(references.load()) == [Reference(2, 1, b"one"), Reference(3, 1, b"seven")]


def test_the_database_itself_keeps_an_image_from_being_in_use_twice(
    references: ReferenceStore, database: Database
) -> None:
    references.add([SEVEN], "the first")
    columns = "image, digit, sha256, source, name, added_at, added_in"
    with pytest.raises(DatabaseError, match="UNIQUE"), database.transaction() as connection:
        connection.execute(
            text(f"INSERT INTO reference_images ({columns}) SELECT {columns} FROM reference_images")
        )
    assert references.counts()[7] == 1


def test_a_reference_belongs_to_a_version_there_is(database: Database) -> None:
    with pytest.raises(DatabaseError, match="FOREIGN KEY"), database.transaction() as connection:
        connection.execute(
            text(
                "INSERT INTO reference_images (image, digit, sha256, source, name, added_at, added_in) "
                "VALUES (x'00', 1, '', '', '', '', 99)"
            )
        )


def test_only_what_is_in_use_can_be_retired_and_all_of_it_or_none(references: ReferenceStore) -> None:
    references.add([SEVEN, ONE, OTHER_ONE], "the first")
    references.retire([2, 3], "two wrong labels")
    assert [reference.id for reference in references.load()] == [1]
    assert references.version() == 2
    with pytest.raises(UnknownReferenceError, match="no reference in use has the id 2, 99; none was retired"):
        references.retire([99, 1, 2], "some more")
    assert [reference.id for reference in references.load()] == [1]
    assert references.version() == 2
