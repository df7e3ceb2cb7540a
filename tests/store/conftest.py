"""Fixtures for the tests of the store."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from helpers.new_database import new_database

from watcher.store.database import Database


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "watcher.db"


@pytest.fixture
def database(file: Path) -> Iterator[Database]:
    with closing(new_database(file)) as database:
        yield database
