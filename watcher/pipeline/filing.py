"""Filing: from recognized to filed, and going on from there after a crash or a fault."""

import time
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace

from watcher.folders.claims import Claim, Claims, claimed_name
from watcher.folders.contents import State, examine, state_of
from watcher.folders.disk import Flusher
from watcher.folders.outbox import Outbox, destination_of
from watcher.pipeline.decision import Verdict, decide
from watcher.pipeline.outcome import Outcome
from watcher.store.results import Decision, Recorded, ResultsLog
from watcher.store.timestamps import stamp


@dataclass(frozen=True, slots=True)
class Finished:
    """What became of pictures: filed as decided, or changed since they were read, so to be read again."""

    filed: Sequence[tuple[Claim, Decision]]
    changed: Sequence[Claim]


@dataclass(frozen=True, slots=True)
class _Entry:
    """A recorded claim on its way: its path, its destination, and the reason to put next to it there.

    `state` is that of its file when it was examined; None if the file could not be linked and was moved, so
    that it lies only at its destination.
    """

    token: str
    path: str
    destination: str
    reason: str | None
    state: State | None


class Filing:
    """Records and files pictures. Only one may work at a time: it is the only writer of the log."""

    def __init__(
        self, log: ResultsLog, claims: Claims, outbox: Outbox, flusher: Flusher, review_below: float
    ) -> None:
        self._log = log
        self._claims = claims
        self._outbox = outbox
        self._flusher = flusher
        self.review_below = review_below

    def begin_flush(self) -> Future[None]:
        """Begin to flush the files that were read by now; `finish` waits for it."""
        return self._flusher.begin()

    def finish(self, outcomes: Sequence[Outcome], *, again: bool = False) -> Finished:
        """Decide on these pictures, record, file and mark them.

        The promise: at every moment each file lies in the claims or at its destination, and a row names it
        before it is at the destination. If a crash stops this between two lines, `resume` goes on from
        there. After a fault that passed, `finish` does so too, called `again` with the same pictures.
        """
        rows = self._log.recorded(outcome.claim.token for outcome in outcomes) if again else {}
        destinations = self._file_recorded(rows.values())
        self._flush(outcomes, again=again)
        now, reserved = stamp(time.time()), set[str]()
        decisions: list[Decision] = []
        entries: list[_Entry] = []
        for outcome in outcomes:
            claim = outcome.claim
            state = None if claim.token in rows else self._examine(claim, outcome.recognized.sha256)
            if state is not None:
                verdict = self._verdict(outcome)
                destination = self._outbox.choose(verdict.folder, claim.name, reserved)
                decision = _row(outcome, verdict, destination, now)
                decisions.append(decision)
                entries.append(
                    _Entry(claim.token, claim.path, decision.destination, _reason_beside(decision), state)
                )
        self._log.record(decisions)
        destinations |= self._file_all(entries)
        decided = {decision.claim: decision for decision in decisions}
        filed = []
        for outcome in outcomes:
            token = outcome.claim.token
            if token in destinations:
                known, destination = decided.get(token), destinations[token]
                if known is None or known.destination != destination:
                    known = _row(outcome, self._verdict(outcome), destination, now)
                filed.append((outcome.claim, known))
        changed = [outcome.claim for outcome in outcomes if outcome.claim.token not in destinations]
        return Finished(filed, changed)

    def resume(self) -> tuple[list[Claim], int]:
        """File what an earlier run left. Returns the claims to recognize again, and how many were filed."""
        filed = self._file_recorded(self._log.unfiled())
        left = {claim.token: claim for claim in self._claims.left()}
        decided = self._log.recorded(left)
        if decided:
            self._claims.drop(left[token].path for token in decided)
        return [claim for token, claim in left.items() if token not in decided], len(filed)

    def _file_recorded(self, rows: Iterable[Recorded]) -> dict[str, str]:
        """File what was recorded earlier, unless its file has changed. Returns the destinations by claim.

        Files are read from the disk itself: a power cut or a failed flush may have left another content than
        the one that was recognized.
        """
        marked: dict[str, str] = {}
        unchanged: list[_Entry] = []
        changed: list[_Entry] = []
        for row in rows:
            path, destination = self._claims.path_of(row.claim), destination_of(row.claim, row.destination)
            state = state_of(path)
            entry = _Entry(row.claim, path, destination, _reason_beside(row), state)
            if row.filed_at is not None:
                marked[row.claim] = destination
            elif state is None:
                unchanged += [entry] if self._was_moved(row, destination) else []
            elif examine(path, row.sha256, from_disk=True) is not None:
                unchanged.append(entry)
            else:
                changed.append(entry)
        self._undo(changed)
        if marked:
            self._claims.drop(map(self._claims.path_of, marked))
        return marked | self._file_all(unchanged)

    def _was_moved(self, row: Recorded, destination: str) -> bool:
        """Whether the file of a missing claim was moved to its destination.

        If the claim was lost instead, another file of the same name and content may have been filed there.
        """
        there = examine(self._outbox.path_of(destination), row.sha256, from_disk=False)
        return there is not None and not self._log.is_filed_at(row.destination)

    def _flush(self, outcomes: Sequence[Outcome], *, again: bool) -> None:
        """Flush the files of these pictures. Mostly this was begun while they were recognized.

        Scanners do not flush what they write. Without this, a power cut leaves rows that name empty files.
        """
        begun = {outcome.flushing for outcome in outcomes}
        flushes = [flushing for flushing in begun if flushing is not None]
        if again or len(flushes) < len(begun):
            self._flusher.flush()
        else:
            for flushing in flushes:
                flushing.result()

    def _examine(self, claim: Claim, digest: str | None) -> State | None:
        """The state of a claim's file; None if it is not the file that was recognized."""
        return examine(claim.path, digest, from_disk=claim.arrived <= self._flusher.failed_at)

    def _file_all(self, entries: Sequence[_Entry]) -> dict[str, str]:
        """File recorded claims, flush, mark them filed and drop them. Returns the destinations by claim.

        This keeps the promise that what is filed is what was recognized: a file that changed after it was
        examined is taken back before it is marked.
        """
        if not entries:
            return {}
        filed = [self._file(entry) for entry in entries]
        self._flusher.flush()
        changed = {entry.token for entry in filed if _has_changed(entry)}
        self._undo([entry for entry in filed if entry.token in changed])
        settled = [entry for entry in filed if entry.token not in changed]
        self._log.mark_filed([entry.token for entry in settled], stamp(time.time()))
        self._claims.drop(entry.path for entry in settled)
        return {entry.token: entry.destination for entry in settled}

    def _file(self, entry: _Entry) -> _Entry:
        """Link a file to its destination. While that name is taken, record another one and link it there."""
        destination = entry.destination
        while entry.state is not None and not self._outbox.file(entry.path, destination):
            folder = destination.split("/", maxsplit=1)[0]
            destination = self._outbox.choose(folder, claimed_name(entry.token), set())
            self._log.redirect(entry.token, destination)
        if entry.reason is not None:
            self._outbox.write_reason(destination, entry.reason)
        return entry if destination == entry.destination else replace(entry, destination=destination)

    def _undo(self, entries: Sequence[_Entry]) -> None:
        """Take back files that changed, and their rows. If a crash stops this, it is done again."""
        for entry in entries:
            self._outbox.unfile(entry.path, entry.destination, entry.reason)
        if entries:
            self._log.forget([entry.token for entry in entries])

    def _verdict(self, outcome: Outcome) -> Verdict:
        recognized = outcome.recognized
        return decide(recognized.reading, recognized.reason, self.review_below)


def _row(outcome: Outcome, verdict: Verdict, destination: str, now: str) -> Decision:
    """The row of a picture that goes to `destination`."""
    claim, reading = outcome.claim, outcome.recognized.reading
    return Decision(
        claim=claim.token,
        name=claim.name,
        sha256=outcome.recognized.sha256,
        status=verdict.status,
        destination=destination,
        arrived_at=stamp(claim.arrived),
        decided_at=now,
        digit=reading.digit if reading else None,
        certainty=reading.certainty if reading else None,
        runner_up=reading.runner_up if reading else None,
        scores=reading.scores if reading else None,
        reason=verdict.reason,
        reference_version=outcome.reference_version,
    )


def _has_changed(entry: _Entry) -> bool:
    return entry.state is not None and state_of(entry.path) not in {None, entry.state}


def _reason_beside(entry: Decision | Recorded) -> str | None:
    """The reason to put next to the file, if it failed."""
    return entry.reason if entry.status == "failed" else None
