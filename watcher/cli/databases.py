"""The database as commands open it: where it had to be upgraded first, that is said."""

from contextlib import AbstractContextManager, closing

import click

from watcher.config.settings import Config
from watcher.store.database import Database, open_database, open_log
from watcher.store.sqlite.backup import Upgrade
from watcher.text import printable


def to_read(config: Config) -> AbstractContextManager[Database]:
    """It, to read only, closed when the context is left. Raises DatabaseError when there is none yet."""
    return closing(open_log(config.database.file, upgraded=_tell))


def to_write(config: Config) -> AbstractContextManager[Database]:
    """It, to read and write, made if there is none, and closed when the context is left."""
    return closing(open_database(config.database.file, upgraded=_tell))


def _tell(upgrade: Upgrade) -> None:
    click.echo(
        f"The database was upgraded from schema {upgrade.before} to {upgrade.after}. As it was before, it is "
        f"kept in {printable(str(upgrade.backup))}; to go back, {upgrade.way_back}.",
        err=True,
    )
