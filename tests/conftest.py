"""Fixtures for all tests."""

import os
from pathlib import Path

import pytest
from daemon import Place, furnished, run
from pills import faulty_decoder

__all__ = ["faulty_decoder"]


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that is the current one, with no WATCHER_* in the environment."""
    monkeypatch.chdir(tmp_path)
    for variable in list(os.environ):
        if variable.startswith("WATCHER_"):
            monkeypatch.delenv(variable)
    return tmp_path


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which `watcher run` was once, with the shipped references; not to be changed."""
    folder = tmp_path_factory.mktemp("trained")
    run(folder, "run", "--once", workers__executor="threads")
    return folder


@pytest.fixture
def place(workplace: Path, trained: Path) -> Place:
    """The current folder as a place of its own, where `watcher run` was before and has nothing to learn."""
    return furnished(workplace, trained)
