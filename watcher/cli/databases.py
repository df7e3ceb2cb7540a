"""Open the database for a command, and report an upgrade."""

from contextlib import AbstractContextManager, closing

import click

from watcher.config.settings import Config
from watcher.store.database import Database, open_database, open_log
from watcher.store.sqlite.backup import Upgrade
from watcher.text import printable


def to_read(config: Config) -> AbstractContextManager[Database]:
    """Open the database to read only; closed at the end of the context.

    Raises DatabaseError if there is none yet.
    """
    return closing(open_log(config.database.file, upgraded=_report_upgrade))


def to_write(config: Config) -> AbstractContextManager[Database]:
    """Open the database to read and write, made if there is none; closed at the end of the context."""
    return closing(open_database(config.database.file, upgraded=_report_upgrade))


def _report_upgrade(upgrade: Upgrade) -> None:
    click.echo(
        f"The database was upgraded from schema {upgrade.before} to {upgrade.after}. A copy of the old one "
        f"is {printable(str(upgrade.backup))}. To go back, {upgrade.way_back}.",
        err=True,
    )
