"""Housekeeping next to the daemon's work: SQLite's log stays short, and no requeue stays half done."""

import time

from watcher.errors import passes
from watcher.maintenance.requeue import Requeue
from watcher.monitoring.faults import Condition, Conditions
from watcher.store.database import LOG_BYTES, Database, DatabaseError
from watcher.text import name_as_text

LONG_LOG_BYTES = 64 * 2**20
"""From this many bytes on, the length of SQLite's log is reported."""
RECOVERY_SECONDS = 10.0
"""Seconds between two checks for what a killed `watcher retry` left half done."""
HELD_BY_READER = "a program keeps reading the database; SQLite's log grows until that program ends"


class Housekeeping:
    """For the one thread that writes the database."""

    def __init__(self, database: Database, requeue: Requeue, conditions: Conditions) -> None:
        self._database = database
        self._requeue = requeue
        self._next_recovery = 0.0
        self._file = name_as_text(f"{database.file}-wal")
        self._growth = Condition(conditions, "the database's log grows", "the database's log is short again")

    def check(self) -> None:
        """Do the housekeeping that is due. What a fault prevents now is tried again at the next check."""
        try:
            self._cut_log()
            if time.monotonic() >= self._next_recovery:
                self._requeue.recover()
                self._next_recovery = time.monotonic() + RECOVERY_SECONDS
        except (OSError, DatabaseError) as error:
            if isinstance(error, DatabaseError) and not passes(error):
                raise

    def _cut_log(self) -> None:
        """Cut the log if it is long, and report once that it stays long."""
        size = self._database.log_bytes()
        if size > 2 * LOG_BYTES:
            self._database.cut_log()
            size = self._database.log_bytes()
        if size > LONG_LOG_BYTES:
            self._growth.raise_(HELD_BY_READER, file=self._file)
        elif size <= 2 * LOG_BYTES:
            self._growth.clear(file=self._file)
