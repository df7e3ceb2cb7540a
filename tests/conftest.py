"""Fixtures for all tests."""

import os
from pathlib import Path

import pytest


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that is the current one, with no WATCHER_* in the environment."""
    monkeypatch.chdir(tmp_path)
    for variable in list(os.environ):
        if variable.startswith("WATCHER_"):
            monkeypatch.delenv(variable)
    return tmp_path
