"""Learning while running: references that others add are noticed, fitted and swapped in once."""

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
from watcher.references import refresh as learning
from watcher.references.model import Fitted, fitted_classifier
from watcher.references.refresh import Learner
from watcher.store.database import open_database
from watcher.store.references import LabelledImage, ReferenceStore

SETTINGS = RecognitionSettings.model_validate({})


def picture(digit: int, index: int = 0) -> LabelledImage:
    return LabelledImage(digit_picture(digit, index), digit, "pen", f"{digit}_{index}")


@pytest.fixture
def references(tmp_path: Path) -> Iterator[ReferenceStore]:
    """The references of a database, as somebody else's process adds to them."""
    with closing(open_database(tmp_path / "watcher.db")) as database:
        references = ReferenceStore(database)
        references.add([picture(1), picture(7)], "the first")
        yield references


@pytest.fixture
def learner(tmp_path: Path, references: ReferenceStore) -> Iterator[Learner]:
    cache = tmp_path / "cache"
    fitted = fitted_classifier(references, SETTINGS, cache)
    with closing(Learner(tmp_path / "watcher.db", SETTINGS, cache, fitted)) as learner:
        yield learner


def next_news(learner: Learner) -> Fitted:
    news: list[Fitted] = []

    def is_there() -> bool:
        fitted = learner.news()
        news.extend([fitted] if fitted else [])
        return bool(news)

    wait_until(is_there)
    return news[0]


def test_without_a_change_there_is_no_news(learner: Learner) -> None:
    assert [learner.news() for _ in range(3)] == [None] * 3


def test_new_references_are_noticed_and_told_once(learner: Learner, references: ReferenceStore) -> None:
    references.add([picture(4)], "a four")
    fitted = next_news(learner)
    assert fitted.version == 2
    assert ImageClassifier.load(fitted.folder).counts == (0, 1, 0, 0, 1, 0, 0, 1, 0, 0)
    assert [learner.news() for _ in range(3)] == [None] * 3
    references.add([picture(5)], "a five")
    assert next_news(learner).version == 3


def test_adding_what_is_known_is_no_news(learner: Learner, references: ReferenceStore) -> None:
    references.add([picture(7)], "again")
    assert [learner.news() for _ in range(3)] == [None] * 3


class Held:
    """A fitting that goes on when it is let."""

    def __init__(self) -> None:
        self.begun, self.let_go = threading.Event(), threading.Event()

    def __call__(self, *given: Any) -> Fitted:
        self.progress: Callable[[int], object] = given[-1]
        self.begun.set()
        assert self.let_go.wait(10)
        return fitted_classifier(*given)


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Held:
    held = Held()
    monkeypatch.setattr(learning, "fitted_classifier", held)
    return held


def test_nobody_waits_while_a_classifier_is_made(
    learner: Learner, references: ReferenceStore, held: Held
) -> None:
    references.add([picture(4)], "a four")
    assert learner.news() is None
    assert held.begun.wait(10)
    assert learner.news() is None
    references.add([picture(5)], "and meanwhile a five")
    held.let_go.set()
    last = next_news(learner)
    while last.version < 3:
        last = next_news(learner)
    assert ImageClassifier.load(last.folder).counts == (0, 1, 0, 0, 1, 1, 0, 1, 0, 0)


def test_a_classifier_that_is_being_made_is_given_up_at_the_end(
    tmp_path: Path, references: ReferenceStore, held: Held
) -> None:
    cache = tmp_path / "cache"
    fitted = fitted_classifier(references, SETTINGS, cache)
    learner = Learner(tmp_path / "watcher.db", SETTINGS, cache, fitted)
    references.add([picture(4)], "a four")
    learner.news()
    assert held.begun.wait(10)
    closing_it = threading.Thread(target=learner.close)
    closing_it.start()
    wait_until(lambda: _is_given_up(held))
    held.let_go.set()
    closing_it.join(10)
    assert not closing_it.is_alive()
    assert list(cache.iterdir()) == [fitted.folder]


def _is_given_up(held: Held) -> bool:
    try:
        held.progress(0)
    except CancelledError:
        return True
    return False


def test_references_that_cannot_be_used_are_told_once_and_later_ones_are_learned(
    learner: Learner, references: ReferenceStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> Fitted:
        raise WatcherError("reference 3 cannot be read any more")

    monkeypatch.setattr(learning, "fitted_classifier", fail)
    references.add([picture(4)], "a four")
    told: list[str] = []
    wait_until(lambda: _fault(learner.news, told))
    assert told == ["reference 3 cannot be read any more"]
    assert learner.news() is None
    monkeypatch.undo()
    references.add([picture(5)], "a five")
    assert next_news(learner).version == 3


def _fault(news: Callable[[], object], told: list[str]) -> bool:
    try:
        news()
    except WatcherError as error:
        told.append(str(error))
    return bool(told)
