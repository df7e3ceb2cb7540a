"""A batch's way from claim to filed, and taking it up again after a crash."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from watcher.folders.claims import Claim, Claims, claimed_name
from watcher.folders.disk import Flusher
from watcher.folders.outbox import Outbox, numbered
from watcher.store.clock import stamp
from watcher.store.results import Decision, Recorded, ResultsLog, Status
from watcher.text import name_as_text
from watcher.workers import Recognized

MOST_OF_ONE_NAME = 1_000_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """A claimed picture, what was found in it, and under which version of the references."""

    claim: Claim
    recognized: Recognized
    reference_version: int


class Journey:
    """Records and files. One at a time: it is the only writer of the log."""

    def __init__(
        self, log: ResultsLog, claims: Claims, outbox: Outbox, flusher: Flusher, review_below: float
    ) -> None:
        self._log = log
        self._claims = claims
        self._outbox = outbox
        self._flusher = flusher
        self._review_below = review_below

    def finish(self, outcomes: Sequence[Outcome]) -> list[Decision]:
        """Decide, record, file and mark these pictures.

        The promise: at every moment each file lies in the claims or at its destination, and a row names it
        before it is at the destination. Whatever stops us between two lines, `resume` goes on from there.
        """
        now = stamp(time.time())
        spoken_for: set[str] = set()
        decisions = [self._decide(outcome, now, spoken_for) for outcome in outcomes]
        # Scanners do not flush what they write. Without this a power cut leaves rows that name empty files.
        self._flusher.flush()
        self._log.record(decisions)
        filed = [
            replace(
                decision, destination=self._file(outcome.claim, decision.destination, _explained(decision))
            )
            for outcome, decision in zip(outcomes, decisions, strict=True)
        ]
        self._settle([outcome.claim for outcome in outcomes])
        return filed

    def resume(self) -> tuple[list[Claim], int]:
        """Take up what an earlier run left: the claims to recognise again, and how many were filed now."""
        left = {claim.token: claim for claim in self._claims.left()}
        filed = []
        for recorded in self._log.unfiled():
            destination, reason = destination_of(recorded.claim, recorded.destination), _explained(recorded)
            if recorded.claim in left:
                self._file(left[recorded.claim], destination, reason)
            elif self._outbox.holds(destination):  # it could not be linked there, and was moved
                self._explain(destination, reason)
            else:
                continue
            filed.append(recorded.claim)
        if filed:
            self._flusher.flush()
            self._log.mark_filed(filed, stamp(time.time()))
        decided = self._log.known(left)
        self._claims.drop(claim for token, claim in left.items() if token in decided)
        return [claim for token, claim in left.items() if token not in decided], len(filed)

    def _decide(self, outcome: Outcome, now: str, spoken_for: set[str]) -> Decision:
        claim, recognized = outcome.claim, outcome.recognized
        status, reason = judge(recognized, self._review_below)
        reading = recognized.reading
        folder = str(reading.digit) if reading and status == "filed" else status
        decision = Decision(
            claim=claim.token,
            name=claim.name,
            sha256=recognized.sha256,
            status=status,
            reason=reason,
            destination=self._outbox.choose(folder, claim.name, spoken_for),
            arrived_at=stamp(claim.arrived),
            decided_at=now,
            reference_version=outcome.reference_version,
        )
        if reading is None:
            return decision
        return replace(
            decision,
            digit=reading.digit,
            certainty=reading.certainty,
            runner_up=reading.runner_up,
            scores=reading.scores,
        )

    def _file(self, claim: Claim, destination: str, reason: str | None) -> str:
        """Link the file to its destination; while that name is taken, to another that is recorded first."""
        while not self._outbox.file(claim.path, destination):
            destination = self._outbox.choose(destination.split("/", maxsplit=1)[0], claim.name, set())
            self._log.redirect(claim.token, destination)
        self._explain(destination, reason)
        return destination

    def _explain(self, destination: str, reason: str | None) -> None:
        if reason is not None:
            self._outbox.explain(destination, reason)

    def _settle(self, claims: Sequence[Claim]) -> None:
        self._flusher.flush()
        self._log.mark_filed([claim.token for claim in claims], stamp(time.time()))
        self._claims.drop(claims)


def judge(recognized: Recognized, review_below: float) -> tuple[Status, str | None]:
    """Where a picture goes, and the reason where it is not filed under its digit."""
    reading = recognized.reading
    if reading is None:
        return "failed", recognized.reason
    if reading.reason is not None:
        return "review", reading.reason
    if reading.certainty < review_below:
        shown = math.floor(reading.certainty * 1000) / 1000  # 0.8999 is not to be shown as 0.900, below 0.9
        return "review", f"its certainty, {shown:.3f}, is below {review_below:g}"
    return "filed", None


def destination_of(claim: str, recorded: str) -> str:
    """The destination that a claim's row names, in the bytes of the file's own name."""
    if "\\" not in recorded:
        return recorded
    folder, name = recorded.split("/", maxsplit=1)[0], claimed_name(claim)
    candidates = (f"{folder}/{numbered(name, number)}" for number in range(MOST_OF_ONE_NAME))
    known = (candidate for candidate in candidates if name_as_text(candidate) == recorded)
    return next(known, f"{folder}/{name}")


def _explained(entry: Decision | Recorded) -> str | None:
    """The reason that is put beside the file."""
    return entry.reason if entry.status == "failed" else None
