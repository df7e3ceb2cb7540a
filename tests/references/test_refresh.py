"""The refresh: changed references are noticed, and their model is made while work goes on."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from helpers.support import digit_picture, wait_until

from watcher.config.settings import RecognitionSettings
from watcher.errors import WatcherError
from watcher.recognition import ImageClassifier
from watcher.references import refresh as module
from watcher.references.fitting import Fitting, FittingError
from watcher.references.model import StoredModel, stored_model
from watcher.references.refresh import ReferenceRefresh
from watcher.store.database import open_database
from watcher.store.references import LabeledImage, ReferenceStore

SETTINGS = RecognitionSettings.model_validate({})


def picture(digit: int, index: int = 0) -> LabeledImage:
    return LabeledImage(digit_picture(digit, index), digit, "pen", f"{digit}_{index}")


@pytest.fixture
def references(tmp_path: Path) -> Iterator[ReferenceStore]:
    """The references of a database, as another process adds to them."""
    with closing(open_database(tmp_path / "watcher.db")) as database:
        references = ReferenceStore(database)
        references.add([picture(1), picture(7)], "the first")
        yield references


class SlowFitting(Fitting):
    """Begins when the test says so."""

    def __init__(self, file: Path, recognition: RecognitionSettings, cache: Path) -> None:
        self._given = (file, recognition, cache)
        self.is_begun = False

    def begin(self) -> None:
        self.is_begun = True
        super().__init__(*self._given)

    def result(self) -> StoredModel | None:
        return super().result() if self.is_begun else None

    def close(self) -> None:
        if self.is_begun:
            super().close()


class FailedFitting(Fitting):
    """Fails at once."""

    def __init__(self, message: str, *, passing: bool) -> None:
        self._error = FittingError(message, passing=passing)

    def result(self) -> StoredModel | None:
        raise self._error

    def close(self) -> None:
        pass


Begin = Callable[[Path, RecognitionSettings, Path], Fitting]


@pytest.fixture
def model(tmp_path: Path, references: ReferenceStore) -> StoredModel:
    return stored_model(references, SETTINGS, tmp_path / "cache")


@pytest.fixture
def refreshing(tmp_path: Path, model: StoredModel) -> Iterator[Callable[..., ReferenceRefresh]]:
    made: list[ReferenceRefresh] = []

    def refresh(begin: Begin = Fitting) -> ReferenceRefresh:
        made.append(ReferenceRefresh(tmp_path / "watcher.db", SETTINGS, tmp_path / "cache", model, begin))
        return made[-1]

    yield refresh
    for one in made:
        one.close()


def polled(refresh: ReferenceRefresh) -> StoredModel:
    models: list[StoredModel] = []

    def is_there() -> bool:
        model = refresh.poll()
        models.extend([model] if model else [])
        return bool(models)

    wait_until(is_there, 60)
    return models[0]


def test_without_a_change_there_is_no_new_model(refreshing: Callable[[], ReferenceRefresh]) -> None:
    refresh = refreshing()
    assert [refresh.poll() for _ in range(3)] == [None] * 3


def test_new_references_are_noticed_and_their_model_is_returned_once(
    refreshing: Callable[[], ReferenceRefresh], references: ReferenceStore
) -> None:
    refresh = refreshing()
    references.add([picture(4)], "a four")
    model = polled(refresh)
    assert model.version == 2
    assert ImageClassifier.load(model.folder).counts == (0, 1, 0, 0, 1, 0, 0, 1, 0, 0)
    assert [refresh.poll() for _ in range(3)] == [None] * 3
    references.add([picture(5)], "a five")
    assert polled(refresh).version == 3


def test_adding_what_is_known_changes_nothing(
    refreshing: Callable[[], ReferenceRefresh], references: ReferenceStore
) -> None:
    refresh = refreshing()
    references.add([picture(7)], "again")
    assert [refresh.poll() for _ in range(3)] == [None] * 3


def test_a_setting_that_makes_another_model_is_followed(refreshing: Callable[[], ReferenceRefresh]) -> None:
    refresh = refreshing()
    refresh.adopt(SETTINGS.model_copy(update={"rule": "averaged"}))
    assert "averaged" in polled(refresh).folder.name


def test_nothing_waits_while_a_model_is_made(
    refreshing: Callable[[Begin], ReferenceRefresh], references: ReferenceStore
) -> None:
    begun: list[SlowFitting] = []

    def begin(file: Path, recognition: RecognitionSettings, cache: Path) -> SlowFitting:
        begun.append(SlowFitting(file, recognition, cache))
        return begun[-1]

    refresh = refreshing(begin)
    references.add([picture(4)], "a four")
    assert [refresh.poll() for _ in range(3)] == [None] * 3
    references.add([picture(5)], "and meanwhile a five")
    begun[0].begin()
    first = polled(refresh)
    assert refresh.poll() is None
    for later in begun[1:]:
        later.begin()
    last = first if first.version == 3 else polled(refresh)
    assert ImageClassifier.load(last.folder).counts == (0, 1, 0, 0, 1, 1, 0, 1, 0, 0)


@pytest.mark.parametrize("damage", ["removed", "truncated"])
def test_a_model_that_was_lost_is_made_again(
    refreshing: Callable[[], ReferenceRefresh], model: StoredModel, damage: str
) -> None:
    refresh = refreshing()
    for file in list(model.folder.iterdir()):
        if damage == "removed":
            file.unlink()
        else:
            file.write_bytes(b"")
    assert refresh.poll() is None, "nobody has missed it yet"
    refresh.make_again()
    assert polled(refresh) == model
    assert ImageClassifier.load(model.folder).counts == (0, 1, 0, 0, 0, 0, 0, 1, 0, 0)
    assert [refresh.poll() for _ in range(3)] == [None] * 3


def test_references_that_cannot_be_used_are_reported_once_and_later_ones_are_learned(
    refreshing: Callable[[Begin], ReferenceRefresh], references: ReferenceStore
) -> None:
    faults: list[Fitting] = [FailedFitting("reference 3 can no longer be read", passing=False)]
    refresh = refreshing(lambda *given: faults.pop() if faults else Fitting(*given))
    references.add([picture(4)], "a four")
    assert fault_of(refresh) == "reference 3 can no longer be read"
    assert refresh.poll() is None
    references.add([picture(5)], "a five")
    assert polled(refresh).version == 3


@pytest.mark.parametrize("is_lost", [False, True])
def test_after_a_fault_that_passes_the_model_is_tried_again(
    refreshing: Callable[[Begin], ReferenceRefresh],
    references: ReferenceStore,
    monkeypatch: pytest.MonkeyPatch,
    *,
    is_lost: bool,
) -> None:
    monkeypatch.setattr(module, "LOST_REFIT_SECONDS" if is_lost else "REFIT_SECONDS", 0.0)
    faults: list[Fitting] = [FailedFitting("the disk is full", passing=True)]
    refresh = refreshing(lambda *given: faults.pop() if faults else Fitting(*given))
    if is_lost:
        refresh.make_again()
    else:
        references.add([picture(4)], "a four")
    assert fault_of(refresh) == "the disk is full"
    assert polled(refresh).version == (1 if is_lost else 2)


def fault_of(refresh: ReferenceRefresh) -> str:
    assert refresh.poll() is None
    with pytest.raises(WatcherError) as raised:
        refresh.poll()
    return str(raised.value)
