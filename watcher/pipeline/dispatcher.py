"""The dispatcher: takes arrivals through the worker pool to filing, step by step."""

import math
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import BrokenExecutor, Future

from watcher.errors import UnfitReferencesError
from watcher.folders.arrivals import Arrivals
from watcher.folders.claims import Claim, Claims
from watcher.folders.contents import is_being_written
from watcher.pipeline.backoff import RetryDelays
from watcher.pipeline.batches import Batch, OverdueBatches, WaitingBatch, due_after, seconds_late
from watcher.pipeline.content import NotRead, failed_result, failure_reason, read_content
from watcher.pipeline.filing import Filing
from watcher.pipeline.outcome import Outcome
from watcher.pipeline.suspects import Suspects
from watcher.pipeline.wakeup import WakeUp
from watcher.references.model import StoredModel
from watcher.store.results import Decision
from watcher.workers import Pool, Recognized

LARGEST_BATCH = 64
INTERRUPTED = "recognizing it failed, and the watcher itself ended during the second try"


class Dispatcher:
    """Claims what the pool can take, and files what comes back. For one thread.

    New batches are compared with `model`. `wake_up` is set when a batch comes back. `filed` is called with
    each filed picture and the seconds of work on it, `lost` with each claim whose file was removed.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - the parts it brings together
        self,
        arrivals: Arrivals,
        claims: Claims,
        pool: Pool,
        filing: Filing,
        model: StoredModel,
        wake_up: WakeUp,
        filed: Callable[[Decision, float], object],
        lost: Callable[[Claim], object] = lambda _: None,
    ) -> None:
        self.model = model
        self._arrivals = arrivals
        self._claims = claims
        self._pool = pool
        self._filing = filing
        self._wake_up = wake_up
        self._filed = filed
        self._lost = lost
        self._waiting: deque[WaitingBatch] = deque()
        self._in_hand: dict[Future[list[Recognized]], Batch] = {}
        self._suspects = Suspects(claims)
        self._delayed = RetryDelays()
        self._outcomes: list[Outcome] = []
        self._overdue = OverdueBatches()
        self._filing_was_interrupted = False

    @property
    def has_room(self) -> bool:
        """Whether the pool can take more."""
        return self._free_places() > 0 and not self._waiting and self._suspects.has_room

    @property
    def is_working(self) -> bool:
        """Whether workers have or are about to get a batch, or their results are not filed yet."""
        return bool(self._in_hand or self._outcomes or self._waiting)

    @property
    def is_idle(self) -> bool:
        """Whether nothing is claimed."""
        return self.claimed == 0

    @property
    def is_waiting(self) -> bool:
        """Whether every claim waits: until its file is written, or until the disk can read it."""
        return self.claimed == len(self._delayed) > 0

    @property
    def claimed(self) -> int:
        """How many pictures are claimed."""
        waiting = sum(len(batch.claims) for batch in self._waiting)
        in_hand = sum(len(batch.claims) for batch in self._in_hand.values())
        return waiting + in_hand + len(self._suspects) + len(self._outcomes) + len(self._delayed)

    @property
    def pause(self) -> float:
        """Seconds until a delayed claim is due; infinite if no claim is delayed."""
        return self._delayed.pause

    @property
    def seconds_late(self) -> float:
        """By how many seconds the workers are late; negative while they are in time."""
        return seconds_late(self._in_hand.values())

    def overdue(self, deadline: float) -> list[Claim]:
        """Claims that take threads longer than `deadline` seconds a picture, each once.

        Threads cannot be stopped. Guarded processes are stopped instead, and are never overdue.
        """
        return [] if self._pool.is_guarded else self._overdue.take_new(self._in_hand, deadline)

    def try_pool(self) -> None:
        """Give an idle pool an empty batch: that it comes back shows that the pool works."""
        if not self._in_hand:
            self._hand_over((), ())

    def resume(self, claims: Sequence[Claim]) -> None:
        """Take up the claims of an earlier run.

        They were interrupted, and which picture was to blame is unknown. So the interruption counts only
        against those that had gone wrong before. If a picture goes wrong now, that is its second time.
        """
        for claim in claims:
            if claim.tries > 1:
                self._outcomes.append(Outcome(claim, failed_result(claim, INTERRUPTED), self.model.version))
        self._suspects.add(claim for claim in claims if claim.tries == 1)
        others = [claim for claim in claims if not claim.tries]
        for start in range(0, len(others), LARGEST_BATCH):
            some = others[start : start + LARGEST_BATCH]
            self._waiting.append(WaitingBatch(some, last=True, apart=not self._pool.is_guarded))
        self._wake_up.set()

    def abandon(self) -> int:
        """Forget all claims, because their files are out of reach; return how many there were."""
        count = self.claimed
        for pile in (self._waiting, self._in_hand, self._suspects, self._outcomes, self._delayed):
            pile.clear()
        self._filing_was_interrupted = False
        return count

    def step(self, *, taking: bool, retrying: bool = True) -> None:
        """Do all that can be done now, without waiting.

        Claim more pictures if `taking`; retry what went wrong if `retrying`. An exception loses nothing: the
        next step goes on from there.
        """
        self._collect()
        self._file()
        if retrying:
            self._waiting.extend(WaitingBatch([claim]) for claim in self._delayed.take_due())
        self._submit_waiting()
        if taking:
            self._claim()
        if retrying:
            self._try_suspect()

    def _free_places(self) -> int:
        return 2 * self._pool.count - sum(not batch.apart for batch in self._in_hand.values())

    def _try_suspect(self) -> None:
        """Try one suspect by itself, one at a time."""
        is_being_tried = any(batch.apart for batch in self._in_hand.values())
        workers_are_busy = self._free_places() <= self._pool.count
        if is_being_tried or not self._suspects.is_due(workers_are_busy=workers_are_busy):
            return
        claims = self._suspects.next_try()
        if claims:
            self._submit(WaitingBatch(claims, last=True, apart=True))
        else:
            self._hand_over((), (), last=True, apart=True)
        self._suspects.try_begun(claims)

    def _submit_waiting(self) -> None:
        while self._waiting and self._free_places() > 0:
            self._submit(self._waiting[0])
            self._waiting.popleft()

    def _claim(self) -> None:
        """Claim for every free place in the pool; what comes beyond that waits in the inbox.

        Few arrivals are shared out among the idle workers, many make a large batch.
        """
        while self.has_room:
            places = self._free_places()
            arrivals = self._arrivals.take(LARGEST_BATCH)
            if not arrivals:
                return
            idle = max(1, places - self._pool.count)
            size = LARGEST_BATCH if len(arrivals) == LARGEST_BATCH else math.ceil(len(arrivals) / idle)
            for start in range(0, len(arrivals), size):
                claims = self._claims.take(
                    arrivals[start : start + size],
                    lambda arrival, why: self._arrivals.refuse(arrival.path, why),
                    lambda arrival: self._arrivals.notice(arrival.path),
                )
                if claims:
                    self._waiting.append(WaitingBatch(claims))
            self._submit_waiting()

    def _submit(self, batch: WaitingBatch) -> None:
        """Read the files of a batch and hand them to the pool. A file that cannot be read needs no worker."""
        found = [(claim, self._read_content(claim, is_allowed=batch.apart)) for claim in batch.claims]
        for claim in (claim for claim, content in found if content is NotRead.GONE):
            self._lost(claim)  # raises if the inbox itself is gone, before anything is handed over
        read = [(claim, content) for claim, content in found if isinstance(content, bytes)]
        if read:
            files = [content for _, content in read]
            self._hand_over([claim for claim, _ in read], files, last=batch.last, apart=batch.apart)
        for claim, content in found:
            if isinstance(content, Recognized):
                self._outcomes.append(Outcome(claim, content, self.model.version))
                self._wake_up.set()
            elif content is NotRead.LATER:
                self._delayed.add(claim, counts=True)

    def _read_content(self, claim: Claim, *, is_allowed: bool) -> bytes | Recognized | NotRead:
        """As `read_content`. A suspect that changes during its second try gets no further try."""
        is_exhausted = self._delayed.is_exhausted(claim) or (claim.tries > 0 and not is_allowed)
        return read_content(claim, is_exhausted=is_exhausted)

    def _hand_over(
        self, claims: Sequence[Claim], files: Sequence[bytes], *, last: bool = False, apart: bool = False
    ) -> None:
        due = due_after(self._in_hand.values(), self._pool.time_limit(files, first_try=not last))
        submit_beside = self._pool.submit_again if last else self._pool.submit
        submit = self._pool.submit_isolated if apart else submit_beside
        future = submit(self.model.folder, files)
        flushing = self._filing.begin_flush() if claims else None
        self._in_hand[future] = Batch(claims, self.model.version, last, apart, due, flushing)
        future.add_done_callback(lambda _: self._wake_up.set())

    def _collect(self) -> None:
        """Take what came back from the pool."""
        for future in [future for future in self._in_hand if future.done()]:
            batch = self._in_hand[future]
            fault = future.exception()
            if isinstance(fault, UnfitReferencesError | OSError):
                # No picture's fault: the model was removed or damaged and must be made again, or the system
                # lacks the resources to recognize anything.
                del self._in_hand[future]
                self._waiting.append(WaitingBatch(batch.claims, batch.last, batch.apart))
                raise fault
            if batch.apart:
                self._suspects.try_ended(worker_is_well=fault is None)
            if fault is None:
                self._take_results(batch, future.result())
            elif batch.last and len(batch.claims) == 1:
                self._take_results(batch, [failed_result(batch.claims[0], failure_reason(fault))])
            elif isinstance(fault, BrokenExecutor) and self._pool.is_guarded and not batch.last:
                # Something killed a worker: a picture can only harm the worker's child.
                self._waiting.append(WaitingBatch(batch.claims, last=True))
            else:
                # One picture of the batch may have killed its worker. Each is retried by itself.
                self._suspects.add(batch.claims)
            del self._in_hand[future]

    def _take_results(self, batch: Batch, results: Sequence[Recognized]) -> None:
        for claim, recognized in zip(batch.claims, results, strict=True):
            if recognized.failure and not batch.last:
                self._suspects.set_aside(claim)
            else:
                self._outcomes.append(Outcome(claim, recognized, batch.reference_version, batch.flushing))

    def _file(self) -> None:
        """File all results, in one transaction."""
        if not self._outcomes:
            return
        was_interrupted, self._filing_was_interrupted = self._filing_was_interrupted, True
        began = time.monotonic()
        finished = self._filing.finish(self._outcomes, again=was_interrupted)
        self._filing_was_interrupted = False
        share = (time.monotonic() - began) / len(self._outcomes)
        seconds = {outcome.claim.token: outcome.recognized.seconds + share for outcome in self._outcomes}
        self._outcomes.clear()
        for claim, decision in finished.filed:
            self._delayed.forget(claim)
            self._filed(decision, seconds[claim.token])
        for claim in finished.changed:
            self._delayed.add(claim, counts=not is_being_written(claim.path))
