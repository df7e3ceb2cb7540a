"""Fixtures for campaigns."""

from collections.abc import Iterator

import pytest
from campaigns.launcher import Launcher


@pytest.fixture(scope="session")
def launcher() -> Iterator[Launcher]:
    """Starts `watcher` fast."""
    with Launcher() as launcher:
        yield launcher
