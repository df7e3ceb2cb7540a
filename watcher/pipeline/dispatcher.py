"""The daemon's heart: from the door through the pool to the filing, one event at a time."""

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
from watcher.pipeline.batches import Batch, Overdue, Waiting, due_after, kept, seconds_late
from watcher.pipeline.content import Unread, blame, content_of, failed
from watcher.pipeline.decision import Outcome
from watcher.pipeline.filing import Filing
from watcher.pipeline.wakeup import WakeUp
from watcher.references.model import StoredModel
from watcher.store.results import Decision
from watcher.workers import Pool, Recognized

LARGEST_BATCH = 64
MOST_SUSPECTS = 1000
SUSPECTS_PAUSE = 0.25
"""How long, in seconds, what is suspect is left alone after a try while all workers are busy."""
INTERRUPTED = "recognizing it went wrong, and watcher itself ended while it was tried again"


class Dispatcher:
    """Claims what the pool can take, and finishes what comes back. For one thread.

    `wake` may be called from any thread; `filed` is told of each picture that was filed, with the seconds
    since it was claimed, and `lost` of each claim whose file somebody removed.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - the parts it brings together
        self,
        door: Arrivals,
        claims: Claims,
        pool: Pool,
        filing: Filing,
        filed: Callable[[Decision, float], object],
        lost: Callable[[Claim], object] = lambda _: None,
    ) -> None:
        self._arrivals = door
        self._claims = claims
        self._pool = pool
        self._filing = filing
        self._filed = filed
        self._lost = lost
        self._wake_up = WakeUp()
        self._waiting: deque[Waiting] = deque()
        self._in_hand: dict[Future[list[Recognized]], Batch] = {}
        self._suspects: deque[Claim] = deque()
        self._ready_for_suspects = False
        self._next_try = 0.0
        self._overdue = Overdue()
        self._outcomes: list[Outcome] = []
        self._is_retrying = False
        self._delayed = RetryDelays()

    @property
    def has_room(self) -> bool:
        """Whether the pool can take more."""
        return self._places() > 0 and not self._waiting and len(self._suspects) < MOST_SUSPECTS

    @property
    def is_working(self) -> bool:
        """Whether workers have anything in hand or are about to, or what they found is not filed yet."""
        return bool(self._in_hand or self._outcomes or self._waiting)

    @property
    def is_idle(self) -> bool:
        """Whether nothing is claimed."""
        return self.claimed == 0

    @property
    def is_waiting(self) -> bool:
        """Whether all that is claimed rests until somebody has written it, or the disk gives it back."""
        return self.claimed == len(self._delayed) > 0

    @property
    def claimed(self) -> int:
        """How many pictures are claimed."""
        waiting = sum(len(batch.claims) for batch in self._waiting)
        in_hand = sum(len(batch.claims) for batch in self._in_hand.values())
        return waiting + in_hand + len(self._suspects) + len(self._outcomes) + len(self._delayed)

    def overdue(self, deadline: float) -> list[Claim]:
        """What threads have had in hand for longer than a deadline for each allows; each is told once.

        Nobody can take it from them.
        """
        return [] if self._pool.is_guarded else self._overdue.news(self._in_hand, deadline)

    @property
    def seconds_late(self) -> float:
        """For how long something has been due from the workers; negative where there is time left."""
        return seconds_late(self._in_hand.values())

    def try_pool(self, model: StoredModel) -> None:
        """Give a pool that has nothing in hand a batch of nothing: that it comes back shows that it works."""
        if not self._in_hand:
            self._hand_over((), (), model)

    def wake(self) -> None:
        """Something happened that `step` should see to."""
        self._wake_up.ring()

    def again(self, claims: Sequence[Claim], model: StoredModel) -> None:
        """Put claims of an earlier run through.

        They were interrupted. Who came to an end by what it was doing cannot be told, so that what goes wrong
        now counts as the second time, but to have been interrupted is held against none: but for those that
        had brought a worker to failure before.
        """
        given_up = (claim for claim in claims if claim.tries > 1)
        self._outcomes += [Outcome(claim, failed(claim, INTERRUPTED), model.version) for claim in given_up]
        self._suspects.extend(claim for claim in claims if claim.tries == 1)
        others = [claim for claim in claims if not claim.tries]
        for start in range(0, len(others), LARGEST_BATCH):
            some = others[start : start + LARGEST_BATCH]
            self._waiting.append(Waiting(some, last=True, apart=not self._pool.is_guarded))
        self.wake()

    def abandon(self) -> int:
        """Forget what is claimed, whose files are out of reach, and whatever comes back of it; how many."""
        count = self.claimed
        for pile in (self._waiting, self._in_hand, self._suspects, self._outcomes, self._delayed):
            pile.clear()
        self._is_retrying = False
        return count

    def rest(self, seconds: float) -> None:
        """Let time pass, less where something happens; however much does, it is woken now and then only."""
        if self._wake_up.wait(seconds):
            time.sleep(0.02)

    def step(self, model: StoredModel, timeout: float, *, taking: bool, retrying: bool = True) -> None:
        """Wait for something to happen, at most so many seconds, and see to it.

        Claim more if `taking`; if `retrying`, try again what went wrong, beside the others. Whatever fault is
        raised, nothing is forgotten: the next step goes on from where this one stopped.
        """
        self._wake_up.wait(min(timeout, self._delayed.left) if retrying else timeout)
        self._collect()
        self._file()
        if retrying:
            for claim in self._delayed.rested():
                self._waiting.append(Waiting([claim]))
        self._put_through(model)
        if taking:
            self._claim(model)
        if retrying:
            self._try_again(model)

    def _places(self) -> int:
        return 2 * self._pool.count - sum(not batch.apart for batch in self._in_hand.values())

    def _try_again(self, model: StoredModel) -> None:
        """Try one suspect by itself, where there is a worker idle; where all are busy, now and then.

        What is tried then is kept with the claim: there is no third time.
        """
        if not self._suspects or any(batch.apart for batch in self._in_hand.values()):
            return
        if self._places() <= self._pool.count and time.monotonic() < self._next_try:
            return
        if not self._ready_for_suspects:
            # A process takes its time to start. It would be no claim's fault if this one ended meanwhile.
            self._hand_over((), (), model, last=True, apart=True)
            return
        if self._suspects[0].tries == 1:
            self._suspects[0] = kept(self._claims.begin_again, self._suspects[0])
        self._submit([self._suspects[0]], model, last=True, apart=True)
        self._suspects.popleft()

    def _put_through(self, model: StoredModel) -> None:
        while self._waiting and self._places() > 0:
            batch = self._waiting[0]
            self._submit(batch.claims, model, last=batch.last, apart=batch.apart)
            self._waiting.popleft()

    def _claim(self, model: StoredModel) -> None:
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
            self._put_through(model)

    def _submit(
        self, claims: Sequence[Claim], model: StoredModel, *, last: bool = False, apart: bool = False
    ) -> None:
        """Read claims and hand them to the pool; what cannot be read needs no worker."""
        found = [(claim, self._content_of(claim, is_allowed=apart)) for claim in claims]
        for claim in (claim for claim, content in found if content is Unread.GONE):
            self._lost(claim)  # raises where it is the inbox that is gone: before anything is handed over
        read = [(claim, content) for claim, content in found if isinstance(content, bytes)]
        if read:
            files = [content for _, content in read]
            self._hand_over([claim for claim, _ in read], files, model, last=last, apart=apart)
        for claim, content in found:
            if isinstance(content, Recognized):
                self._outcomes.append(Outcome(claim, content, model.version))
                self.wake()
            elif content is Unread.LATER:
                self._delayed.put(claim, counts=True)

    def _content_of(self, claim: Claim, *, is_allowed: bool) -> bytes | Recognized | Unread:
        """What `content_of` says; a picture that was tried twice is not tried again because it changed."""
        is_exhausted = self._delayed.is_exhausted(claim) or (claim.tries > 0 and not is_allowed)
        return content_of(claim, is_exhausted=is_exhausted)

    def _hand_over(
        self,
        claims: Sequence[Claim],
        files: Sequence[bytes],
        model: StoredModel,
        *,
        last: bool = False,
        apart: bool = False,
    ) -> None:
        due = due_after(self._in_hand.values(), self._pool.time_limit(files, first_try=not last))
        submit_beside = self._pool.submit_again if last else self._pool.submit
        submit = self._pool.submit_isolated if apart else submit_beside
        future = submit(model.folder, files)
        flushing = self._filing.begin_flush() if claims else None
        self._in_hand[future] = Batch(claims, model, last, apart, due, flushing)
        future.add_done_callback(lambda _: self.wake())

    def _collect(self) -> None:
        """Take what came back from the pool."""
        for future in [future for future in self._in_hand if future.done()]:
            batch = self._in_hand[future]
            fault = future.exception()
            if isinstance(fault, UnfitReferencesError | OSError):
                # No picture's fault: the cache was removed or damaged, and has to be made anew; or the system
                # has no room for what it takes to recognize anything.
                del self._in_hand[future]
                self._waiting.append(Waiting(batch.claims, batch.last, batch.apart))
                raise fault
            if batch.apart:
                self._next_try = time.monotonic() + SUSPECTS_PAUSE
            if fault is None:
                self._ready_for_suspects |= batch.apart
                self._sort_out(batch, future.result())
            elif batch.last and len(batch.claims) == 1:
                self._sort_out(batch, [failed(batch.claims[0], blame(fault))])
            elif isinstance(fault, BrokenExecutor) and self._pool.is_guarded and not batch.last:
                # Somebody killed a worker: what pictures do is done to its child.
                self._waiting.append(Waiting(batch.claims, last=True))
            else:
                # One of the batch may have brought its worker down. Each is tried again by itself.
                self._suspects.extend(batch.claims)
            del self._in_hand[future]

    def _sort_out(self, batch: Batch, results: Sequence[Recognized]) -> None:
        for claim, recognized in zip(batch.claims, results, strict=True):
            if recognized.failure and not batch.last:
                self._suspects.append(kept(self._claims.set_aside, claim))
            else:
                self._outcomes.append(Outcome(claim, recognized, batch.model.version, batch.flushing))

    def _file(self) -> None:
        """File all that was found, in one transaction."""
        if not self._outcomes:
            return
        is_retrying, self._is_retrying = self._is_retrying, True
        finished = self._filing.finish(self._outcomes, again=is_retrying)
        self._is_retrying = False
        self._outcomes.clear()
        now = time.monotonic()
        for claim, decision in finished.filed:
            self._delayed.forget(claim)
            self._filed(decision, now - claim.taken)
        for claim in finished.changed:
            self._delayed.put(claim, counts=not is_being_written(claim.path))
