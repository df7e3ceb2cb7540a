"""Fixtures for the tests of the store."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from watcher.store.database import Database, open_database


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "watcher.db"


@pytest.fixture
def database(file: Path) -> Iterator[Database]:
    with closing(open_database(file)) as database:
        yield database
