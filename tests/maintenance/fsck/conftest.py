"""The scenario that fsck examines."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from helpers.daemon import Workspace
from helpers.fsck_scenario import FILED, FsckScenario, Unhurried
from helpers.new_database import new_database

from watcher.folders.claims import Claims
from watcher.folders.outbox import Outbox


@pytest.fixture
def scenario(empty_folder: Path) -> Iterator[FsckScenario]:
    """A workspace with FILED in it."""
    workspace = Workspace(empty_folder)
    workspace.inbox.mkdir()
    Claims(workspace.inbox).make()
    Outbox(workspace.outbox).make()
    with (
        closing(new_database(workspace.database)) as database,
        closing(Unhurried(workspace.outbox)) as flusher,
    ):
        made = FsckScenario(workspace, database, flusher)
        made.file(FILED)
        yield made
