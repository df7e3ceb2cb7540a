"""Compare the log with the folders: read the files first, then the rows, then check what is left.

This order makes it safe while a daemon runs. A row is written before its file is at the destination. So a
file that was found first, and has no row among those read afterwards, was not filed meanwhile.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import islice

from watcher.folders.inbox import is_hidden
from watcher.folders.outbox import FOLDERS, REASON, destination_of, reason_name
from watcher.maintenance.fsck.discrepancies import Discrepancy, Kind
from watcher.maintenance.fsck.file_info import digest_of, file_info, info_of, is_suspicious
from watcher.maintenance.fsck.scope import Scope
from watcher.store.logged_files import ROWS_AT_ONCE, LoggedFile, logged_file, logged_files, logged_files_of
from watcher.store.pruning import was_pruned
from watcher.store.sqlite.comparison import Comparison, FileInfo, Missing

LATEST = "9999"
PRUNED = 0
"""The owner of files whose rows were pruned; no row has this id."""
Progress = Callable[[str, int], object]


def examine(
    scope: Scope, progress: Progress = lambda _what, _more: None, *, is_running: bool, deep: bool
) -> Iterator[Discrepancy]:
    """All discrepancies, as they are found.

    If `is_running`, a daemon runs, and its current work is no discrepancy. With `deep`, each file is read and
    compared with its row's sha256; without, only files that are empty or changed after they were filed.
    `progress` is called with "files" or "rows" and how many more were checked. Raises WatcherError or OSError
    if something cannot be read.
    """
    with Comparison() as comparison:
        examination = _Examination(scope, comparison, is_running=is_running, deep=deep)
        found = examination.files()
        while some := list(islice(found, ROWS_AT_ONCE)):
            comparison.add(some)
            progress("files", len(some))
        for rows in logged_files(scope.database):
            yield from examination.rows(rows)
            progress("rows", len(rows))
        for path in comparison.unowned():
            yield from examination.moved(path)
        for path in comparison.unowned():
            yield from examination.unowned(path)
        for missing in comparison.not_found():
            yield from examination.not_found(missing)
    if not is_running:
        yield from _claimed(scope)


class _Examination:
    """One comparison of the log with the folders."""

    def __init__(self, scope: Scope, comparison: Comparison, *, is_running: bool, deep: bool) -> None:
        self._scope = scope
        self._comparison = comparison
        self._is_running = is_running
        self._deep = deep
        self._known: dict[str, FileInfo] = {}
        self._owned: list[tuple[str, int, str]] = []
        self._missing: list[Missing] = []

    def files(self) -> Iterator[tuple[str, FileInfo]]:
        """(path relative to the outbox, info) of all files in the outbox's folders, except hidden ones."""
        for folder in FOLDERS:
            with suppress(FileNotFoundError), os.scandir(self._scope.outbox.path / folder) as entries:
                for entry in entries:
                    with suppress(FileNotFoundError):
                        if not is_hidden(entry.name) and not entry.is_dir(follow_symlinks=False):
                            yield f"{folder}/{entry.name}", info_of(entry.stat(follow_symlinks=False))

    def rows(self, rows: Sequence[LoggedFile]) -> Iterator[Discrepancy]:
        """Compare rows with the files. Newest first: a newer row's file may have an older one's name."""
        paths = {row.id: destination_of(row.claim, row.destination) for row in rows}
        reasons = {reason_name(paths[row.id]) for row in rows if row.explanation is not None}
        self._known = self._comparison.files({*paths.values(), *reasons})
        for row in rows:
            yield from self._row(row, paths[row.id])
        self._comparison.set_owners(self._owned)
        self._comparison.add_missing(self._missing)
        self._owned, self._missing = [], []

    def _row(self, row: LoggedFile, path: str) -> Iterator[Discrepancy]:
        file = self._known.get(path) or self._new_file(path)
        is_claimed = row.filed_at is None and os.path.lexists(self._scope.claims.path_of(row.claim))
        if is_claimed:
            if file is not None and self._is_its_claim(row, path):
                self._own(row, path, file)
        elif file is None or self._belongs_to_another(row, path, file):
            if file is not None and row.filed_at is not None and row.filed_at > (file.since or LATEST):
                yield Discrepancy(Kind.SHARED, path, row, f"row {file.owner} was filed there too")
            else:
                explanation = None if row.explanation is None else reason_name(path)
                was_filed = row.filed_at is not None
                self._missing.append(Missing(row.id, path, row.sha256, explanation, was_filed))
            return
        else:
            self._own(row, path, file)
        if row.filed_at is not None:
            yield from self._explanation(row, path)
        elif not self._is_running:
            yield Discrepancy(Kind.HALF_FILED, path, row, "its row is not marked filed")

    def _belongs_to_another(self, row: LoggedFile, path: str, file: FileInfo) -> bool:
        """Whether the file at a row's destination belongs to a later row, or has other content."""
        if file.owner is not None:
            return True
        if row.filed_at is None or row.sha256 is None or not (self._deep or is_suspicious(row, file)):
            return False
        return self._digest(path) != row.sha256

    def _explanation(self, row: LoggedFile, path: str) -> Iterator[Discrepancy]:
        if row.explanation is not None:
            reason = reason_name(path)
            if reason not in self._known and file_info(self._absolute(reason)) is None:
                yield Discrepancy(Kind.UNEXPLAINED, path, row, "the file with its reason is missing")

    def moved(self, path: str) -> Iterator[Discrepancy]:
        """Match a file without a row, by its content, with a row whose file is missing or a pruned row."""
        digest = None if _may_be_a_reason(path) else self._digest(path)
        if digest is None:
            return
        row = self._logged_file(self._comparison.find(path, digest))
        if row is None:
            if was_pruned(self._scope.database, digest):
                known = [path, *([reason_name(path)] if path.startswith("failed/") else [])]
                self._comparison.set_owners([(one, PRUNED, LATEST) for one in known])
                yield Discrepancy(Kind.PRUNED, path, None, "its row was pruned")
            return
        self._comparison.set_owners([(path, row.id, row.decided_at)])
        if row.filed_at is None:
            yield Discrepancy(Kind.HALF_FILED, path, row, "moved here by a person before it was marked filed")
        else:
            yield Discrepancy(Kind.MOVED, path, row, f"filed as {row.destination}, moved here by a person")

    def unowned(self, path: str) -> Iterator[Discrepancy]:
        """What a file is that matches no row by name or content."""
        if file_info(self._absolute(path)) is None:
            return  # it was removed since it was found
        if _may_be_a_reason(path):
            row = self._logged_file(self._comparison.explained_by(path))
            digest = None if row else self._digest(path)
            if digest is not None and was_pruned(self._scope.database, digest):
                yield Discrepancy(Kind.PRUNED, path, None, "its row was pruned")
                return
            yield Discrepancy(Kind.ORPHANED, path, row, "it is a reason, and its file is missing")
        elif (row := self._logged_file(self._comparison.find_at(path))) is not None:
            yield Discrepancy(Kind.ALTERED, path, row, "its content is not what was filed")
        else:
            yield Discrepancy(Kind.UNRECORDED, path, None, "no row names it")

    def _digest(self, path: str) -> str | None:
        """The sha256 of a file, hex; None if it cannot be read or is not a regular file."""
        try:
            return digest_of(self._absolute(path))
        except OSError:
            return None

    def _logged_file(self, row: int | None) -> LoggedFile | None:
        return None if row is None else logged_file(self._scope.database, row)

    def not_found(self, missing: Missing) -> Iterator[Discrepancy]:
        """What happened to a row whose file is not in the outbox. The row is read again: a daemon may run."""
        row = self._logged_file(missing.id)
        if row is None:
            return
        if missing.was_filed:
            yield Discrepancy(Kind.GONE, missing.path, row, "taken out of the outbox")
        elif row.filed_at is None and not os.path.lexists(self._scope.claims.path_of(row.claim)):
            yield Discrepancy(Kind.LOST, missing.path, row, "recorded, but neither claimed nor in the outbox")

    def _own(self, row: LoggedFile, path: str, file: FileInfo) -> None:
        self._known[path] = file._replace(owner=row.id, since=row.decided_at)
        self._owned.append((path, row.id, row.decided_at))
        if row.explanation is not None:
            self._owned.append((reason_name(path), row.id, row.decided_at))

    def _new_file(self, path: str) -> FileInfo | None:
        """A file that came after the files were listed."""
        file = file_info(self._absolute(path))
        if file is not None:
            self._comparison.add([(path, file)])
        return file

    def _is_its_claim(self, row: LoggedFile, path: str) -> bool:
        """Whether the file at a destination is the same file as the claimed one."""
        try:
            return os.path.samestat(
                os.lstat(self._scope.claims.path_of(row.claim)), os.lstat(self._absolute(path))
            )
        except FileNotFoundError:
            return True  # a daemon has just filed it and dropped the claim

    def _absolute(self, path: str) -> str:
        return os.path.join(self._scope.outbox.path, path)


def _may_be_a_reason(path: str) -> bool:
    return path.startswith("failed/") and path.endswith(REASON)


def _claimed(scope: Scope) -> Iterator[Discrepancy]:
    """The claims that a daemon left. A claim with an unfiled row was reported with its row."""
    tokens = scope.claims.tokens()
    while some := list(islice(tokens, ROWS_AT_ONCE)):
        rows = logged_files_of(scope.database, some)
        for token in some:
            row, place = rows.get(token), os.path.relpath(scope.claims.path_of(token), scope.claims.path)
            if row is None:
                yield Discrepancy(Kind.CLAIMED, place, None, "claimed, but not recognized yet")
            elif row.filed_at is not None:
                yield Discrepancy(
                    Kind.LEFT_OVER, place, row, f"still claimed, but filed as {row.destination}"
                )
