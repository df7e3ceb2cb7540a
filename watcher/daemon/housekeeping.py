"""What the daemon looks after beside its work: SQLite's log stays short, and no retry stays half done."""

import time

from watcher.errors import passes
from watcher.maintenance.requeue import Requeue
from watcher.monitoring.faults import Condition, Conditions
from watcher.store.database import LOG_BYTES, Database, DatabaseError
from watcher.text import name_as_text

MUCH = 64 * 2**20
"""A log of so many bytes is told of."""
MENDING_SECONDS = 10.0
"""How often it is looked for what a `watcher retry` that was killed left half done."""
HELD = "some program has been reading the database for long; SQLite's log grows until it ends or is ended"


class Housekeeping:
    """For the one thread that writes the database."""

    def __init__(self, database: Database, requeue: Requeue, conditions: Conditions) -> None:
        self._database = database
        self._requeue = requeue
        self._next_mending = 0.0
        self._file = name_as_text(f"{database.file}-wal")
        self._growth = Condition(conditions, "the database's log grows", "the database's log is short again")

    def check(self) -> None:
        """Do what is to be done; what cannot be done now is left to the next time."""
        try:
            self._cut_log()
            if time.monotonic() >= self._next_mending:
                self._requeue.recover()
                self._next_mending = time.monotonic() + MENDING_SECONDS
        except (OSError, DatabaseError) as error:
            if isinstance(error, DatabaseError) and not passes(error):
                raise

    def _cut_log(self) -> None:
        """Cut the log where it is long, and say once that it cannot be."""
        size = self._database.log_bytes()
        if size > 2 * LOG_BYTES:
            self._database.cut_log()
            size = self._database.log_bytes()
        if size > MUCH:
            self._growth.raise_(HELD, file=self._file)
        elif size <= 2 * LOG_BYTES:
            self._growth.clear(file=self._file)
