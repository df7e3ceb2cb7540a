"""A model made in a process of its own: it answers, or it is given up at once."""

import os
import signal
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from helpers.daemon import command_of, descendants
from helpers.support import digit_picture, wait_until

from watcher.config.settings import RecognitionSettings
from watcher.recognition import ImageClassifier
from watcher.references.fitting import Fitting, FittingError
from watcher.references.model import StoredModel
from watcher.store.database import open_database
from watcher.store.references import LabeledImage, ReferenceStore

SETTINGS = RecognitionSettings.model_validate({})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A database with two references."""
    file = tmp_path / "watcher.db"
    with closing(open_database(file)) as database:
        images = [LabeledImage(digit_picture(digit), digit, "pen", f"{digit}.png") for digit in (1, 7)]
        ReferenceStore(database).add(images, "the first")
    return file


@pytest.fixture
def fitting(file: Path, tmp_path: Path) -> Iterator[Fitting]:
    with closing(Fitting(file, SETTINGS, tmp_path / "cache")) as fitting:
        yield fitting


def processes() -> list[int]:
    """Those that make a model for this test."""
    return [pid for pid in descendants(os.getpid()) if b"references.fitting" in command_of(pid)]


def result(fitting: Fitting) -> StoredModel:
    results: list[StoredModel] = []

    def is_there() -> bool:
        model = fitting.result()
        results.extend([model] if model else [])
        return bool(results)

    wait_until(is_there, 60)
    return results[0]


def test_it_answers_with_the_stored_model(fitting: Fitting) -> None:
    model = result(fitting)
    assert model.version == 1
    assert ImageClassifier.load(model.folder).counts == (0, 1, 0, 0, 0, 0, 0, 1, 0, 0)


def test_a_database_without_references_is_reported_in_words(tmp_path: Path) -> None:
    open_database(tmp_path / "empty.db").close()
    with closing(Fitting(tmp_path / "empty.db", SETTINGS, tmp_path / "cache")) as fitting:
        with pytest.raises(FittingError, match="there are no references to compare with yet") as raised:
            result(fitting)
        assert not raised.value.passes


def test_a_cache_that_cannot_be_written_is_reported_in_words(file: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("no folder")
    with (
        closing(Fitting(file, SETTINGS, tmp_path / "cache")) as fitting,
        pytest.raises(FittingError, match=r"cache.*: (File exists|Not a directory)"),
    ):
        result(fitting)


def test_a_process_that_somebody_kills_is_a_fault_that_passes(fitting: Fitting) -> None:
    wait_until(processes)
    (process,) = processes()
    os.kill(process, signal.SIGKILL)
    with pytest.raises(FittingError, match="ended with exit code -9") as raised:
        result(fitting)
    assert raised.value.passes


def test_given_up_it_ends_at_once_and_leaves_no_model(file: Path, tmp_path: Path) -> None:
    fitting = Fitting(file, SETTINGS, tmp_path / "cache")
    fitting.close()
    assert processes() == []
    assert not (tmp_path / "cache").exists()
