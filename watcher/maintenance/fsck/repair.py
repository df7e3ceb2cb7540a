"""Mending what can be mended without guessing: finishing what was begun, and having files recorded anew."""

import os
import time
from contextlib import suppress
from pathlib import Path

from watcher.folders.disk import move_without_replacing
from watcher.folders.outbox import destination_of
from watcher.maintenance.fsck.discrepancies import Discrepancy, Kind
from watcher.maintenance.fsck.site import Site
from watcher.pipeline.filing import Filing
from watcher.store.logged_files import logged_file
from watcher.store.results import ResultsLog
from watcher.store.timestamps import stamp


class Mender:
    """Mends one discrepancy after the other. Only for who holds the inbox alone.

    Nothing is recognized here: a file that has no row is put into the inbox, where the next daemon finds it.
    No file is written over, and no row is removed or made.
    """

    def __init__(self, site: Site, inbox: Path, filing: Filing) -> None:
        self._site = site
        self._inbox = inbox
        self._filing = filing
        self._has_resumed = False

    def mend(self, found: Discrepancy) -> str | None:
        """What was done about it; None where nothing could be. Raises WatcherError or OSError."""
        outbox, row = self._site.outbox, found.row
        if found.kind is Kind.UNRECORDED:
            return self._put_into_inbox(os.path.join(outbox.path, found.place))
        if found.kind is Kind.CLAIMED:
            return self._put_into_inbox(os.path.join(self._site.claims.path, found.place))
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
        """Go on as the daemon does when it starts; what a person moved already is marked as it is."""
        if not self._has_resumed:
            self._filing.resume()
            self._has_resumed = True
        found = logged_file(self._site.database, row)
        if found is not None and found.filed_at is None and self._site.outbox.holds(place):
            ResultsLog(self._site.database).mark_filed([claim], stamp(time.time()))
            return "marked filed"
        is_done = found is not None and found.filed_at is not None
        return "finished" if is_done and not os.path.lexists(self._site.claims.path_of(claim)) else None

    def _put_into_inbox(self, path: str) -> str | None:
        folder, name = os.path.split(path)
        if not os.path.isfile(path) or os.path.islink(path):
            return None  # the daemon would leave it where it is
        try:
            move_without_replacing(path, os.path.join(self._inbox, name))
        except FileExistsError:
            return None
        if os.path.dirname(folder) == str(self._site.claims.path):
            with suppress(OSError):  # others of its batch are still there
                os.rmdir(folder)
        return "put into the inbox"
