"""Fixtures for all tests."""

import fcntl
import gc
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.command_line import watcher
from helpers.daemon import Workspace, furnished, reference_picture, run
from helpers.examples import choose_profile
from helpers.filing_scenario import FilingScenario
from helpers.harmful_pictures import faulty_decoder
from helpers.open_workspace import open_workspace
from helpers.support import make_files

from watcher.folders.disk import Flusher
from watcher.store.results import ResultsLog

__all__ = ["faulty_decoder", "watcher"]

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell starts what runs in the background so. The programs under test would inherit it, deaf to Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)

choose_profile()


def pytest_collection_finish() -> None:
    """What was imported stays until the end: the collector of garbage need not look through it again."""
    gc.freeze()


@pytest.fixture
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that is the current one, no WATCHER_* in the environment, the user cache aside."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path.parent / "user-cache"))
    monkeypatch.chdir(tmp_path)
    for variable in list(os.environ):
        if variable.startswith("WATCHER_"):
            monkeypatch.delenv(variable)
    return tmp_path


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which `watcher run` was once, with the shipped references; not to be changed.

    All processes that share out the tests have one: learning takes seconds.
    """
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    folder = shared / "trained"
    with (shared / "trained.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            learning = shared / "learning"
            learning.mkdir()
            run(learning, "run", "--once", workers__executor="threads")
            learning.rename(folder)
    return folder


@pytest.fixture
def workspace(empty_folder: Path, trained: Path) -> Workspace:
    """The current folder as a place of its own, where `watcher run` was before and has nothing to learn."""
    return furnished(empty_folder, trained)


@pytest.fixture
def small_workspace(empty_folder: Path) -> Workspace:
    """The current folder as a place where four references of each digit are learned at the first start."""
    each = [(digit, index) for digit in range(10) for index in range(4)]
    make_files(empty_folder, {f"images/{one[0]}_{one[1]}.jpg": reference_picture(*one) for one in each})
    workspace = Workspace(empty_folder)
    workspace.inbox.mkdir()
    return workspace


@pytest.fixture
def scenario(empty_folder: Path) -> Iterator[FilingScenario]:
    """An empty place, and what a filing needs there."""
    with open_workspace(empty_folder, Flusher) as (workspace, database, flusher):
        yield FilingScenario(workspace, ResultsLog(database), flusher)
