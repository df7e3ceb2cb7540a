"""Repair what needs no guess: finish interrupted work, and put files without a row into the inbox."""

import os
import time
from contextlib import suppress
from pathlib import Path

from watcher.folders.disk import move_without_replacing
from watcher.folders.outbox import destination_of
from watcher.maintenance.fsck.discrepancies import Discrepancy, Kind
from watcher.maintenance.fsck.scope import Scope
from watcher.pipeline.filing import Filing
from watcher.store.logged_files import logged_file
from watcher.store.results import ResultsLog
from watcher.store.timestamps import stamp


class Repairer:
    """Repairs one discrepancy after the other. The caller holds the inbox's lock.

    Nothing is recognized here: a file without a row is put into the inbox, where the next daemon finds it. No
    file is overwritten, and no row is added or removed.
    """

    def __init__(self, scope: Scope, inbox: Path, filing: Filing) -> None:
        self._scope = scope
        self._inbox = inbox
        self._filing = filing
        self._has_resumed = False

    def repair(self, found: Discrepancy) -> str | None:
        """Repair it; returns what was done, None if nothing could be. Raises WatcherError or OSError."""
        outbox, row = self._scope.outbox, found.row
        if found.kind is Kind.UNRECORDED:
            return self._put_into_inbox(os.path.join(outbox.path, found.place))
        if found.kind is Kind.CLAIMED:
            return self._put_into_inbox(os.path.join(self._scope.claims.path, found.place))
        if row is not None and found.kind in {Kind.HALF_FILED, Kind.LEFT_OVER}:
            return self._finish(row.id, row.claim, found.place)
        if row is not None and row.explanation is not None:
            if found.kind is Kind.UNEXPLAINED:
                outbox.write_reason(found.place, row.explanation)
                return "written"
            destination = destination_of(row.claim, row.destination)
            if found.kind is Kind.ORPHANED and outbox.remove_reason(destination, row.explanation):
                return "removed"
        return None

    def _finish(self, row: int, claim: str, place: str) -> str | None:
        """Resume as a starting daemon does. A file that a person has moved is marked filed where it is."""
        if not self._has_resumed:
            self._filing.resume()
            self._has_resumed = True
        found = logged_file(self._scope.database, row)
        if found is not None and found.filed_at is None and self._scope.outbox.holds(place):
            ResultsLog(self._scope.database).mark_filed([claim], stamp(time.time()))
            return "marked filed"
        is_done = found is not None and found.filed_at is not None
        return "finished" if is_done and not os.path.lexists(self._scope.claims.path_of(claim)) else None

    def _put_into_inbox(self, path: str) -> str | None:
        folder, name = os.path.split(path)
        if not os.path.isfile(path) or os.path.islink(path):
            return None  # the daemon would leave it where it is
        try:
            move_without_replacing(path, os.path.join(self._inbox, name))
        except FileExistsError:
            return None
        if os.path.dirname(folder) == str(self._scope.claims.path):
            with suppress(OSError):  # other files of its batch are still there
                os.rmdir(folder)
        return "put into the inbox"
