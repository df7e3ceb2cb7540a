"""The dispatcher: from arrivals through the worker pool to filing, one step at a time."""

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
from watcher.pipeline.batches import Batch, Overdue, Waiting, due_after, seconds_late
from watcher.pipeline.content import Unread, blame, content_of, failed
from watcher.pipeline.filing import Filing
from watcher.pipeline.outcome import Outcome
from watcher.pipeline.suspects import Suspects
from watcher.pipeline.wakeup import WakeUp
from watcher.references.model import StoredModel
from watcher.store.results import Decision
from watcher.workers import Pool, Recognized

LARGEST_BATCH = 64
INTERRUPTED = "recognizing it went wrong, and watcher itself ended while it was tried again"


class Dispatcher:
    """Claims what the pool can take, and files what comes back. For one thread.

    `model` is what batches are compared with from now on. `wake_up` is set when a batch comes back. `filed`
    is called with each filed picture and the seconds of work on it, `lost` with each claim whose file
    somebody removed.
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
        self._waiting: deque[Waiting] = deque()
        self._in_hand: dict[Future[list[Recognized]], Batch] = {}
        self._suspects = Suspects(claims)
        self._delayed = RetryDelays()
        self._outcomes: list[Outcome] = []
        self._overdue = Overdue()
        self._filing_was_cut_short = False

    @property
    def has_room(self) -> bool:
        """Whether the pool can take more."""
        return self._places() > 0 and not self._waiting and self._suspects.has_room

    @property
    def is_working(self) -> bool:
        """Whether workers have or are about to get a batch, or what they found is not filed yet."""
        return bool(self._in_hand or self._outcomes or self._waiting)

    @property
    def is_idle(self) -> bool:
        """Whether nothing is claimed."""
        return self.claimed == 0

    @property
    def is_waiting(self) -> bool:
        """Whether each claim waits: for a program that writes the file, or for the disk to return it."""
        return self.claimed == len(self._delayed) > 0

    @property
    def claimed(self) -> int:
        """How many pictures are claimed."""
        waiting = sum(len(batch.claims) for batch in self._waiting)
        in_hand = sum(len(batch.claims) for batch in self._in_hand.values())
        return waiting + in_hand + len(self._suspects) + len(self._outcomes) + len(self._delayed)

    @property
    def pause(self) -> float:
        """Seconds until a delayed claim is due; infinite where none is."""
        return self._delayed.left

    @property
    def seconds_late(self) -> float:
        """How long a batch has been due from the workers; negative while there is time left."""
        return seconds_late(self._in_hand.values())

    def overdue(self, deadline: float) -> list[Claim]:
        """What threads take longer over than `deadline` seconds a picture allow; each once.

        Threads cannot be stopped. Processes are.
        """
        return [] if self._pool.is_guarded else self._overdue.news(self._in_hand, deadline)

    def try_pool(self) -> None:
        """Give an idle pool an empty batch: that it comes back shows that the pool works."""
        if not self._in_hand:
            self._hand_over((), ())

    def again(self, claims: Sequence[Claim]) -> None:
        """Take up the claims of an earlier run.

        They were interrupted, and which picture was to blame is unknown. So an interruption counts against
        none of them, except those that had gone wrong before. If one goes wrong now, that is the second time.
        """
        for claim in claims:
            if claim.tries > 1:
                self._outcomes.append(Outcome(claim, failed(claim, INTERRUPTED), self.model.version))
        self._suspects.add(claim for claim in claims if claim.tries == 1)
        others = [claim for claim in claims if not claim.tries]
        for start in range(0, len(others), LARGEST_BATCH):
            some = others[start : start + LARGEST_BATCH]
            self._waiting.append(Waiting(some, last=True, apart=not self._pool.is_guarded))
        self._wake_up.set()

    def abandon(self) -> int:
        """Forget all claims, because their files are out of reach; return how many there were."""
        count = self.claimed
        for pile in (self._waiting, self._in_hand, self._suspects, self._outcomes, self._delayed):
            pile.clear()
        self._filing_was_cut_short = False
        return count

    def step(self, *, taking: bool, retrying: bool = True) -> None:
        """Do all that can be done now, without waiting.

        Claim more pictures if `taking`; try again what went wrong if `retrying`. A fault that is raised loses
        nothing: the next step goes on from there.
        """
        self._collect()
        self._file()
        if retrying:
            self._waiting.extend(Waiting([claim]) for claim in self._delayed.rested())
        self._submit_waiting()
        if taking:
            self._claim()
        if retrying:
            self._try_suspect()

    def _places(self) -> int:
        return 2 * self._pool.count - sum(not batch.apart for batch in self._in_hand.values())

    def _try_suspect(self) -> None:
        """Try one suspect by itself, one at a time."""
        is_being_tried = any(batch.apart for batch in self._in_hand.values())
        workers_are_busy = self._places() <= self._pool.count
        if is_being_tried or not self._suspects.is_due(workers_are_busy=workers_are_busy):
            return
        claims = self._suspects.next()
        if claims:
            self._submit(Waiting(claims, last=True, apart=True))
        else:
            self._hand_over((), (), last=True, apart=True)
        self._suspects.begun(claims)

    def _submit_waiting(self) -> None:
        while self._waiting and self._places() > 0:
            self._submit(self._waiting[0])
            self._waiting.popleft()

    def _claim(self) -> None:
        """Claim for every free place in the pool; what comes beyond that waits in the inbox.

        Few arrivals are shared out among the idle workers, many make a large batch.
        """
        while self.has_room:
            places = self._places()
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
                    self._waiting.append(Waiting(claims))
            self._submit_waiting()

    def _submit(self, batch: Waiting) -> None:
        """Read the files of a batch and hand them to the pool; what cannot be read needs no worker."""
        found = [(claim, self._content_of(claim, is_allowed=batch.apart)) for claim in batch.claims]
        for claim in (claim for claim, content in found if content is Unread.GONE):
            self._lost(claim)  # raises if the inbox itself is gone: before anything is handed over
        read = [(claim, content) for claim, content in found if isinstance(content, bytes)]
        if read:
            files = [content for _, content in read]
            self._hand_over([claim for claim, _ in read], files, last=batch.last, apart=batch.apart)
        for claim, content in found:
            if isinstance(content, Recognized):
                self._outcomes.append(Outcome(claim, content, self.model.version))
                self._wake_up.set()
            elif content is Unread.LATER:
                self._delayed.put(claim, counts=True)

    def _content_of(self, claim: Claim, *, is_allowed: bool) -> bytes | Recognized | Unread:
        """What `content_of` says; a picture that was tried twice is not tried again because it changed."""
        is_exhausted = self._delayed.is_exhausted(claim) or (claim.tries > 0 and not is_allowed)
        return content_of(claim, is_exhausted=is_exhausted)

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
                # No picture's fault: the model was removed or damaged, and has to be made again; or the
                # system has no room for what it takes to recognize anything.
                del self._in_hand[future]
                self._waiting.append(Waiting(batch.claims, batch.last, batch.apart))
                raise fault
            if batch.apart:
                self._suspects.came_back(worker_is_well=fault is None)
            if fault is None:
                self._sort_out(batch, future.result())
            elif batch.last and len(batch.claims) == 1:
                self._sort_out(batch, [failed(batch.claims[0], blame(fault))])
            elif isinstance(fault, BrokenExecutor) and self._pool.is_guarded and not batch.last:
                # Somebody killed a worker: what pictures do is done to its child.
                self._waiting.append(Waiting(batch.claims, last=True))
            else:
                # One picture of the batch may have brought its worker down. Each is tried again by itself.
                self._suspects.add(batch.claims)
            del self._in_hand[future]

    def _sort_out(self, batch: Batch, results: Sequence[Recognized]) -> None:
        for claim, recognized in zip(batch.claims, results, strict=True):
            if recognized.failure and not batch.last:
                self._suspects.set_aside(claim)
            else:
                self._outcomes.append(Outcome(claim, recognized, batch.reference_version, batch.flushing))

    def _file(self) -> None:
        """File all that was found, in one transaction."""
        if not self._outcomes:
            return
        was_cut_short, self._filing_was_cut_short = self._filing_was_cut_short, True
        began = time.monotonic()
        finished = self._filing.finish(self._outcomes, again=was_cut_short)
        self._filing_was_cut_short = False
        share = (time.monotonic() - began) / len(self._outcomes)
        seconds = {outcome.claim.token: outcome.recognized.seconds + share for outcome in self._outcomes}
        self._outcomes.clear()
        for claim, decision in finished.filed:
            self._delayed.forget(claim)
            self._filed(decision, seconds[claim.token])
        for claim in finished.changed:
            self._delayed.put(claim, counts=not is_being_written(claim.path))
