"""The stored model: made once for a set of references, and used again as long as it fits."""

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from helpers.new_database import new_database
from helpers.support import digit_picture, read_files
from sqlalchemy import text

from watcher.config.settings import RecognitionSettings
from watcher.errors import WatcherError
from watcher.recognition import ImageClassifier, read_picture
from watcher.references.model import NoReferencesError, forget_others, stored_model
from watcher.store.database import Database
from watcher.store.references import LabeledImage, Reference, ReferenceStore

SETTINGS = RecognitionSettings.model_validate({"augment": False})
PICTURES = [
    LabeledImage(digit_picture(digit, index), digit, "pen", f"{digit}_{index}")
    for digit in (1, 7)
    for index in range(3)
]
MORE = LabeledImage(digit_picture(4), 4, "pen", "4_0")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with closing(new_database(tmp_path / "watcher.db")) as database:
        yield database


@pytest.fixture
def references(database: Database) -> ReferenceStore:
    references = ReferenceStore(database)
    references.add(PICTURES, "the first")
    return references


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "watcher.db.cache"


def made(
    references: ReferenceStore, cache: Path, settings: RecognitionSettings = SETTINGS
) -> tuple[Path, int]:
    """The folder of the model, and how many references were read to make it."""
    seen: list[int] = []
    model = stored_model(references, settings, cache, seen.append)
    return model.folder, len(seen)


def test_it_knows_the_references_by_their_digits_and_ids(references: ReferenceStore, cache: Path) -> None:
    model = stored_model(references, SETTINGS, cache)
    classifier = ImageClassifier.load(model.folder)
    assert model.version == 1
    assert classifier.counts == (0, 3, 0, 0, 0, 0, 0, 3, 0, 0)
    for reference in references.load():
        [reading] = classifier.classify(read_picture(reference.image))
        assert (reading.digit, reading.nearest[0]) == (reference.digit, reference.id)


def test_it_is_made_once(references: ReferenceStore, cache: Path) -> None:
    folder, looked_at = made(references, cache)
    assert looked_at == len(PICTURES)
    before = read_files(cache)
    assert made(references, cache) == (folder, 0)
    assert read_files(cache) == before


def test_other_references_have_another(references: ReferenceStore, cache: Path) -> None:
    folder, _ = made(references, cache)
    references.add([MORE], "one more")
    model = stored_model(references, SETTINGS, cache)
    assert model.version == 2
    assert model.folder != folder
    assert ImageClassifier.load(model.folder).counts[4] == 1
    assert ImageClassifier.load(folder).counts[4] == 0


@pytest.mark.parametrize(
    "other",
    [
        {"augment": False, "rule": "votes"},
        {"augment": False, "normalizer": "binary"},
        {"augment": False, "rule": "averaged", "normalizer": "none"},
        {"augment": True},
    ],
)
def test_another_rule_or_normalizer_has_another(
    references: ReferenceStore, cache: Path, other: dict[str, str | bool]
) -> None:
    settings = RecognitionSettings.model_validate(other)
    folders = {made(references, cache)[0], made(references, cache, settings)[0]}
    assert len(folders) == 2


def test_the_threshold_needs_no_other(references: ReferenceStore, cache: Path) -> None:
    folder, _ = made(references, cache)
    strict = RecognitionSettings.model_validate({"augment": False, "review_below": 0.99})
    assert made(references, cache, strict) == (folder, 0)


@pytest.mark.parametrize("name", ["pictures.npy", "labels.npy", "classifier.json"])
@pytest.mark.parametrize("content", [b"", None])
def test_one_that_a_power_cut_damaged_is_made_again(
    references: ReferenceStore, cache: Path, name: str, content: bytes | None
) -> None:
    folder, _ = made(references, cache)
    (folder / name).unlink()
    if content is not None:
        (folder / name).write_bytes(content)
    assert made(references, cache) == (folder, len(PICTURES))
    assert ImageClassifier.load(folder).counts[7] == 3


def test_references_that_change_while_it_is_made_are_all_in_it(database: Database, cache: Path) -> None:
    class Busy(ReferenceStore):
        """A store that somebody trains just when it is being read."""

        def load(self) -> Iterator[Reference]:
            self.add([MORE], "meanwhile")
            return super().load()

    references = Busy(database)
    references.add(PICTURES, "the first")
    model = stored_model(references, SETTINGS, cache)
    assert model.version == 2
    assert [path.name for path in cache.iterdir()] == [model.folder.name]
    assert references.fingerprint() in model.folder.name
    assert ImageClassifier.load(model.folder).counts[4] == 1


def test_without_references_it_says_what_to_do(database: Database, cache: Path) -> None:
    with pytest.raises(NoReferencesError, match="`watcher train SOURCE`"):
        stored_model(ReferenceStore(database), SETTINGS, cache)
    assert not cache.exists()


def test_without_any_in_use_it_says_so_too(
    references: ReferenceStore, database: Database, cache: Path
) -> None:
    with database.transaction() as connection:
        connection.execute(text("UPDATE reference_images SET retired_at = 'now', retired_in = 1"))
    with pytest.raises(NoReferencesError):
        stored_model(references, SETTINGS, cache)


def test_a_reference_that_can_no_longer_be_read_is_named(references: ReferenceStore, cache: Path) -> None:
    references.add([LabeledImage(b"rubbish", 3, "pen", "3_0")], "unchecked")
    with pytest.raises(WatcherError, match=r"^reference 7 can no longer be read: it is not a PNG"):
        stored_model(references, SETTINGS, cache)


def test_breaking_off_leaves_nothing(references: ReferenceStore, cache: Path) -> None:
    def break_off(done: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stored_model(references, SETTINGS, cache, break_off)
    assert read_files(cache) == {}


def test_the_others_are_forgotten(references: ReferenceStore, cache: Path) -> None:
    earlier = stored_model(references, SETTINGS, cache)
    still_mapped = ImageClassifier.load(earlier.folder)
    references.add([MORE], "one more")
    kept = stored_model(references, SETTINGS, cache)
    forget_others(cache, kept)
    assert len(list(cache.iterdir())) > 1, "somebody may be about to use it"
    for folder in cache.iterdir():
        os.utime(folder, (0, 0))
    stored_model(references, SETTINGS, cache)
    forget_others(cache, kept)
    assert list(cache.iterdir()) == [kept.folder]
    assert still_mapped.classify(read_picture(digit_picture(7)))[0].digit in {1, 7}
