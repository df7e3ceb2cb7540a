"""The scenario that fsck examines."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.fsck_scenario import FILED, FsckScenario
from helpers.open_workspace import open_workspace


@pytest.fixture
def scenario(empty_folder: Path) -> Iterator[FsckScenario]:
    """A workspace with FILED in it."""
    with open_workspace(empty_folder) as (workspace, database, flusher):
        made = FsckScenario(workspace, database, flusher)
        made.file(FILED)
        yield made
