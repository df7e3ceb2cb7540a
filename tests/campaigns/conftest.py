"""Fixtures for campaigns."""

import pytest
from campaigns.launcher import Launcher


@pytest.fixture(scope="session")
def launcher() -> Launcher:
    """Starts `watcher` fast."""
    return Launcher()
