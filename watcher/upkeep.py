"""The database looked after while the daemon lives: that SQLite's log beside it stays short."""

from structlog.typing import FilteringBoundLogger

from watcher.errors import passes
from watcher.store.database import LOG_BYTES, Database, DatabaseError
from watcher.text import name_as_text
from watcher.trouble import Trouble

MUCH = 64 * 2**20
"""A log of so many bytes is told of."""
HELD = "some program has been reading the database for long; SQLite's log grows until it ends or is ended"


class Upkeep:
    """For the one thread that writes the database."""

    def __init__(self, database: Database, logger: FilteringBoundLogger) -> None:
        self._database = database
        self._file = name_as_text(f"{database.file}-wal")
        self._growth = Trouble(logger, "the database's log grows", "the database's log is short again")

    def check(self) -> None:
        """Cut the log where it is long, and say once that it cannot be."""
        size = self._database.log_bytes()
        if size > 2 * LOG_BYTES:
            try:
                self._database.cut_log()
            except DatabaseError as error:
                if not passes(error):
                    raise
            size = self._database.log_bytes()
        if size > MUCH:
            self._growth.tell(HELD, file=self._file)
        elif size <= 2 * LOG_BYTES:
            self._growth.over(file=self._file)
