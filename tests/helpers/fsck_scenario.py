"""A workspace where the real filing files given files, and fsck checks them."""

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from helpers.daemon import Workspace
from helpers.support import make_files

from watcher.folders.claims import Claim, Claims
from watcher.folders.disk import Flusher
from watcher.folders.inbox import Arrival
from watcher.folders.outbox import Outbox
from watcher.maintenance.fsck.examination import examine
from watcher.maintenance.fsck.repair import Repairer
from watcher.maintenance.fsck.scope import Scope
from watcher.pipeline.filing import Filing
from watcher.pipeline.outcome import Outcome
from watcher.recognition import Reading
from watcher.store.database import Database
from watcher.store.results import ResultsLog
from watcher.workers import Recognized

NO_PICTURE = "it is no picture"
FILED = {
    "seven.png": b"7",
    "three.png": b"3",
    "caf\udce9.png": b"5",
    "doubt.png": b"9?",
    "novel.txt": b"once upon a time",
}
"""What is filed at the beginning, as rows 1 to 5."""


class Crash(BaseException):
    """Simulates a power cut."""


class Found(NamedTuple):
    """A discrepancy in short: its kind, place, and row."""

    kind: str
    workspace: str
    row: int | None


class FsckScenario:
    """A workspace, and what filing and fsck do in it."""

    def __init__(self, workspace: Workspace, database: Database, flusher: Flusher) -> None:
        self.workspace = workspace
        self.scope = Scope(database, Claims(workspace.inbox), Outbox(workspace.outbox))
        self._flusher = flusher

    def file(self, files: Mapping[str, bytes], *, until: str | None = None) -> None:
        """Have the filing file these; the power goes before the log's or the claims' method `until`."""
        make_files(self.workspace.inbox, dict(files))
        arrivals = [Arrival(str(self.workspace.inbox / name), name, 1e9) for name in files]
        claims = Claims(self.workspace.inbox)
        claimed = claims.take(arrivals)
        log = ResultsLog(self.scope.database)
        for part in (log, claims, self.scope.outbox):
            if until is not None and hasattr(part, until):
                setattr(part, until, _crash)
        try:
            filing = Filing(log, claims, self.scope.outbox, self._flusher, 0.9)
            filing.finish([outcome(claim) for claim in claimed])
        except Crash:
            assert until is not None
        else:
            assert until is None
        vars(self.scope.outbox).pop(until or "", None)

    def found(self, *, is_running: bool = False, deep: bool = False) -> list[Found]:
        """What a look at it finds."""
        discrepancies = examine(self.scope, is_running=is_running, deep=deep)
        return [Found(one.kind.word, one.place, one.row.id if one.row else None) for one in discrepancies]

    def repair(self) -> list[str | None]:
        """What was done about each discrepancy, in their order."""
        log = ResultsLog(self.scope.database)
        filing = Filing(log, self.scope.claims, self.scope.outbox, self._flusher, 0.9)
        mender = Repairer(self.scope, self.workspace.inbox, filing)
        return [mender.repair(one) for one in examine(self.scope, is_running=False, deep=False)]


def _crash(*_: object, **__: object) -> None:
    raise Crash


def outcome(claim: Claim) -> Outcome:
    """What workers would find: the digit in the file's bytes, certain or not; or nothing."""
    content = Path(claim.path).read_bytes()
    digest = sha256(content).hexdigest()
    if not content[:1].isdigit():
        return Outcome(claim, Recognized(digest, None, NO_PICTURE), 1)
    certainty = 0.5 if content.endswith(b"?") else 1.0
    reading = Reading(int(content[:1]), certainty, 0, (0.0,) * 10, (1,))
    return Outcome(claim, Recognized(digest, reading), 1)
