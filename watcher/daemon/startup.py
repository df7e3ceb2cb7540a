"""Startup: makes what must be there before the first picture: folders, database, references."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from structlog.typing import FilteringBoundLogger

from watcher.config.settings import Config
from watcher.errors import passes
from watcher.folders.locks import held_alone
from watcher.folders.outbox import Outbox
from watcher.references.model import StoredModel, forget_others, stored_model
from watcher.references.sources import first_references
from watcher.references.training import train
from watcher.store.database import BUSY_SECONDS, Database, DatabaseError, open_database
from watcher.store.references import ReferenceStore
from watcher.store.sqlite.backup import Upgrade
from watcher.text import name_as_text, printable

PATIENCE = 1.0
"""Seconds for which the daemon waits for the write lock before it looks at other things, such as signals."""
Progress = Callable[[int], object]


def make_folders(config: Config, outbox: Outbox, logger: FilteringBoundLogger) -> None:
    """Make the folders that are missing, and log it."""
    for folder in (config.inbox.path, config.outbox.path):
        if not folder.exists():
            folder.mkdir(parents=True)
            logger.info("made", folder=name_as_text(str(folder)))
    outbox.make()


@contextmanager
def sole_watcher(config: Config) -> Iterator[None]:
    """Hold the outbox and the database for this process alone, with locks that end with the process.

    Two daemons must not share them: at its start, a daemon resumes every row that is not marked filed, and
    one log must name every file of the outbox. Raises WatcherError.
    """
    config.cache.mkdir(parents=True, exist_ok=True)
    outbox, file = printable(str(config.outbox.path)), printable(str(config.database.file))
    with (
        held_alone(config.outbox.path, f"another watcher already files into {outbox}"),
        held_alone(config.cache, f"another watcher already keeps its log in {file}"),
    ):
        yield


def open_and_log(config: Config, logger: FilteringBoundLogger, progress: Progress) -> Database:
    """Open the database, made or migrated as needed, and log it if it is new or was upgraded.

    A fault that may pass, such as a command that writes, is waited for up to BUSY_SECONDS. Then it is raised.
    """
    file = config.database.file
    is_new = not file.exists()

    def log_upgrade(upgrade: Upgrade) -> None:
        logger.warning(
            "upgraded",
            database=name_as_text(str(file)),
            before=upgrade.before,
            after=upgrade.after,
            backup=name_as_text(str(upgrade.backup)),
            to_go_back=upgrade.way_back,
        )

    give_up = time.monotonic() + BUSY_SECONDS
    while True:
        progress(0)
        try:
            database = open_database(file, PATIENCE, upgraded=log_upgrade)
            break
        except DatabaseError as error:
            if not passes(error) or time.monotonic() > give_up:
                raise
            time.sleep(PATIENCE / 10)
    if is_new:
        logger.info("made", database=name_as_text(str(file)))
    return database


def first_model(
    config: Config, database: Database, logger: FilteringBoundLogger, progress: Progress
) -> StoredModel:
    """The model for the references; an empty database is filled from the references folder first."""
    references = ReferenceStore(database)
    if references.version() is None:
        _add_first_references(config, references, logger, progress)
    model = stored_model(references, config.recognition, config.cache, progress)
    forget_others(config.cache, model)
    return model


def _add_first_references(
    config: Config, references: ReferenceStore, logger: FilteringBoundLogger, progress: Progress
) -> None:
    folder, images = first_references(config.references.path)
    trained = train(references, images, "the first references", progress)
    for image, reason in trained.unreadable:
        logger.warning("reference image not read", name=image.name, reason=reason)
    for conflict in trained.conflicts:
        logger.warning("reference image refused", name=conflict.refused.name, known_as=conflict.known.name)
    logger.info("made", references=trained.added, source=name_as_text(str(folder)))
