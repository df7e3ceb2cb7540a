"""A workspace with its folders, database and flusher, as tests of filing, dispatching and fsck need it."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from helpers.daemon import Workspace
from helpers.new_database import new_database

from watcher.folders.claims import Claims
from watcher.folders.disk import Flusher
from watcher.folders.outbox import Outbox
from watcher.store.database import Database


class NoFlush(Flusher):
    """No power cut is expected here; a flush takes long if others use the disk too."""

    def flush(self) -> None:
        pass


@contextmanager
def open_workspace(
    folder: Path, kind: type[Flusher] = NoFlush
) -> Iterator[tuple[Workspace, Database, Flusher]]:
    """Make the folders and a new database in an empty folder, and close what is open at the end."""
    workspace = Workspace(folder)
    workspace.inbox.mkdir()
    Claims(workspace.inbox).make()
    Outbox(workspace.outbox).make()
    with closing(new_database(workspace.database)) as database, closing(kind(workspace.outbox)) as flusher:
        yield workspace, database, flusher
