"""Learning while running: references that others add are noticed, model and swapped in once."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from helpers.support import digit_picture, wait_until

from watcher.config.settings import RecognitionSettings
from watcher.errors import WatcherError
from watcher.recognition import ImageClassifier
from watcher.references import refresh as module
from watcher.references.model import StoredModel, stored_model
from watcher.references.refresh import ReferenceRefresh
from watcher.store.database import open_database
from watcher.store.references import LabeledImage, ReferenceStore

SETTINGS = RecognitionSettings.model_validate({})


def picture(digit: int, index: int = 0) -> LabeledImage:
    return LabeledImage(digit_picture(digit, index), digit, "pen", f"{digit}_{index}")


@pytest.fixture
def references(tmp_path: Path) -> Iterator[ReferenceStore]:
    """The references of a database, as somebody else's process adds to them."""
    with closing(open_database(tmp_path / "watcher.db")) as database:
        references = ReferenceStore(database)
        references.add([picture(1), picture(7)], "the first")
        yield references


@pytest.fixture
def refresh(tmp_path: Path, references: ReferenceStore) -> Iterator[ReferenceRefresh]:
    cache = tmp_path / "cache"
    model = stored_model(references, SETTINGS, cache)
    with closing(ReferenceRefresh(tmp_path / "watcher.db", SETTINGS, cache, model)) as refresh:
        yield refresh


def next_news(refresh: ReferenceRefresh) -> StoredModel:
    news: list[StoredModel] = []

    def is_there() -> bool:
        model = refresh.poll()
        news.extend([model] if model else [])
        return bool(news)

    wait_until(is_there)
    return news[0]


def test_without_a_change_there_is_no_news(refresh: ReferenceRefresh) -> None:
    assert [refresh.poll() for _ in range(3)] == [None] * 3


def test_new_references_are_noticed_and_told_once(
    refresh: ReferenceRefresh, references: ReferenceStore
) -> None:
    references.add([picture(4)], "a four")
    model = next_news(refresh)
    assert model.version == 2
    assert ImageClassifier.load(model.folder).counts == (0, 1, 0, 0, 1, 0, 0, 1, 0, 0)
    assert [refresh.poll() for _ in range(3)] == [None] * 3
    references.add([picture(5)], "a five")
    assert next_news(refresh).version == 3


def test_adding_what_is_known_is_no_news(refresh: ReferenceRefresh, references: ReferenceStore) -> None:
    references.add([picture(7)], "again")
    assert [refresh.poll() for _ in range(3)] == [None] * 3


class Held:
    """A fitting that goes on when it is let."""

    def __init__(self) -> None:
        self.begun, self.let_go = threading.Event(), threading.Event()

    def __call__(self, *given: Any) -> StoredModel:
        self.progress: Callable[[int], object] = given[-1]
        self.begun.set()
        assert self.let_go.wait(10)
        return stored_model(*given)


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Held:
    held = Held()
    monkeypatch.setattr(module, "stored_model", held)
    return held


def test_nobody_waits_while_a_classifier_is_made(
    refresh: ReferenceRefresh, references: ReferenceStore, held: Held
) -> None:
    references.add([picture(4)], "a four")
    assert refresh.poll() is None
    assert held.begun.wait(10)
    assert refresh.poll() is None
    references.add([picture(5)], "and meanwhile a five")
    held.let_go.set()
    last = next_news(refresh)
    while last.version < 3:
        last = next_news(refresh)
    assert ImageClassifier.load(last.folder).counts == (0, 1, 0, 0, 1, 1, 0, 1, 0, 0)


def test_a_classifier_that_is_being_made_is_given_up_at_the_end(
    tmp_path: Path, references: ReferenceStore, held: Held
) -> None:
    cache = tmp_path / "cache"
    model = stored_model(references, SETTINGS, cache)
    refresh = ReferenceRefresh(tmp_path / "watcher.db", SETTINGS, cache, model)
    references.add([picture(4)], "a four")
    refresh.poll()
    assert held.begun.wait(10)
    closing_it = threading.Thread(target=refresh.close)
    closing_it.start()
    wait_until(lambda: _is_given_up(held))
    held.let_go.set()
    closing_it.join(10)
    assert not closing_it.is_alive()
    assert list(cache.iterdir()) == [model.folder]


def _is_given_up(held: Held) -> bool:
    try:
        held.progress(0)
    except CancelledError:
        return True
    return False


def test_references_that_cannot_be_used_are_told_once_and_later_ones_are_learned(
    refresh: ReferenceRefresh, references: ReferenceStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> StoredModel:
        raise WatcherError("reference 3 cannot be read any more")

    monkeypatch.setattr(module, "stored_model", fail)
    references.add([picture(4)], "a four")
    told: list[str] = []
    wait_until(lambda: _fault(refresh.poll, told))
    assert told == ["reference 3 cannot be read any more"]
    assert refresh.poll() is None
    monkeypatch.undo()
    references.add([picture(5)], "a five")
    assert next_news(refresh).version == 3


def _fault(news: Callable[[], object], told: list[str]) -> bool:
    try:
        news()
    except WatcherError as error:
        told.append(str(error))
    return bool(told)
