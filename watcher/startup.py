"""What has to be there before the first picture: folders, database, references."""

from collections.abc import Callable

from structlog.typing import FilteringBoundLogger

from watcher.fitting import Fitted, fitted_classifier, forget_others
from watcher.folders.outbox import Outbox
from watcher.labelled import SourceError, labelled_images
from watcher.settings import Config
from watcher.shipped import shipped
from watcher.store.database import Database, open_database
from watcher.store.references import ReferenceStore
from watcher.text import name_as_text
from watcher.training import train

PATIENCE = 1.0
"""How long, in seconds, the daemon waits for its turn to write before it sees to other things, as signals."""
Progress = Callable[[int], object]


def make_folders(config: Config, outbox: Outbox, logger: FilteringBoundLogger) -> None:
    """Make the folders that are missing, and say so."""
    for folder in (config.inbox.path, config.outbox.path):
        if not folder.exists():
            folder.mkdir(parents=True)
            logger.info("made", folder=name_as_text(str(folder)))
    outbox.make()


def open_and_tell(config: Config, logger: FilteringBoundLogger) -> Database:
    """Open the database, made and migrated as needed; say so where it is new."""
    file = config.database.file
    is_new = not file.exists()
    database = open_database(file, PATIENCE)
    if is_new:
        logger.info("made", database=name_as_text(str(file)))
    return database


def ready_classifier(
    config: Config, database: Database, logger: FilteringBoundLogger, progress: Progress
) -> Fitted:
    """The classifier for the references; an empty database is filled from the references folder first."""
    references = ReferenceStore(database)
    if references.version() is None:
        _add_first_references(config, references, logger, progress)
    fitted = fitted_classifier(references, config.recognition, config.cache, progress)
    forget_others(config.cache, fitted)
    return fitted


def _add_first_references(
    config: Config, references: ReferenceStore, logger: FilteringBoundLogger, progress: Progress
) -> None:
    folder = config.references.path
    try:
        images = list(labelled_images(folder))
    except SourceError:
        folder = shipped("images")
        images = list(labelled_images(folder))
    trained = train(references, images, "the first references", progress)
    for image, reason in trained.unreadable:
        logger.warning("reference image not read", name=image.name, reason=reason)
    for conflict in trained.conflicts:
        logger.warning("reference image refused", name=conflict.refused.name, known_as=conflict.known.name)
    logger.info("made", references=trained.added, source=name_as_text(str(folder)))
