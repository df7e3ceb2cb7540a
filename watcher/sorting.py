"""The daemon's heart: from the door through the pool to the journey, one event at a time."""

import math
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import BrokenExecutor, Future
from dataclasses import dataclass
from hashlib import sha256
from queue import Empty, SimpleQueue

from watcher.errors import UnfitReferencesError, Unreadable
from watcher.fitting import Fitted
from watcher.folders.claims import Claim, Claims, read_claim
from watcher.folders.door import Door
from watcher.folders.inbox import Arrival
from watcher.journey import Journey, Outcome
from watcher.store.results import Decision
from watcher.workers import Grief, Pool, Recognized

LARGEST_BATCH = 64
MOST_SUSPECTS = 1000
INTERRUPTED = "recognising it went wrong, and watcher itself ended while it was tried again"


@dataclass(frozen=True, slots=True)
class Batch:
    """Claims that are in a worker's hands; `apart` from all others, or for the `last` time."""

    claims: Sequence[Claim]
    fitted: Fitted
    last: bool
    apart: bool


class Sorter:
    """Claims what the pool can take, and finishes what comes back. For one thread.

    `wake` may be called from any thread; `filed` is told of each picture that was filed, with the seconds
    since it was claimed.
    """

    def __init__(
        self,
        door: Door,
        claims: Claims,
        pool: Pool,
        journey: Journey,
        filed: Callable[[Decision, float], object],
    ) -> None:
        self._door = door
        self._claims = claims
        self._pool = pool
        self._journey = journey
        self._filed = filed
        self._woken: SimpleQueue[None] = SimpleQueue()
        self._in_hand: dict[Future[list[Recognized]], Batch] = {}
        self._suspects: deque[Claim] = deque()
        self._ready_for_suspects = False
        self._late: set[Future[list[Recognized]]] = set()

    @property
    def has_room(self) -> bool:
        """Whether the pool can take more."""
        return self._places() > 0 and len(self._suspects) < MOST_SUSPECTS

    @property
    def is_working(self) -> bool:
        """Whether workers have anything in hand."""
        return bool(self._in_hand)

    @property
    def is_idle(self) -> bool:
        """Whether nothing is claimed."""
        return not self._in_hand and not self._suspects

    def overdue(self, deadline: float) -> list[Claim]:
        """What threads have had in hand for longer than a deadline for each allows; each is told once.

        Nobody can take it from them.
        """
        if self._pool.is_guarded:
            return []
        allowed = deadline * sum(len(batch.claims) for batch in self._in_hand.values())
        late = {
            future: batch
            for future, batch in self._in_hand.items()
            if batch.claims and time.monotonic() - batch.claims[0].taken > allowed
        }
        new = [claim for future, batch in late.items() if future not in self._late for claim in batch.claims]
        self._late = set(late)
        return new

    def wake(self) -> None:
        """Something happened that `step` should see to."""
        self._woken.put(None)

    def again(self, claims: Sequence[Claim], fitted: Fitted) -> None:
        """Put claims of an earlier run through.

        They were interrupted. Who came to an end by what it was doing cannot be told, so that what goes wrong
        now counts as the second time, but to have been interrupted is held against none: but for those that
        had brought a worker to grief before.
        """
        given_up = [claim for claim in claims if claim.tries > 1]
        if given_up:
            self._file([Outcome(claim, _failed(claim, INTERRUPTED), fitted.version) for claim in given_up])
        self._suspects.extend(claim for claim in claims if claim.tries == 1)
        others = [claim for claim in claims if not claim.tries]
        for start in range(0, len(others), LARGEST_BATCH):
            batch = others[start : start + LARGEST_BATCH]
            self._submit(batch, fitted, last=True, apart=not self._pool.is_guarded)

    def abandon(self) -> int:
        """Forget what is claimed, whose files are out of reach, and whatever comes back of it; how many."""
        count = sum(len(batch.claims) for batch in self._in_hand.values()) + len(self._suspects)
        self._in_hand.clear()
        self._suspects.clear()
        return count

    def step(self, fitted: Fitted, timeout: float, *, taking: bool, retrying: bool = True) -> None:
        """Wait for something to happen, at most so many seconds, and see to it.

        Claim more if `taking`; if `retrying`, try again what went wrong, beside the others.
        """
        self._wait(timeout)
        self._finish()
        if retrying:
            self._try_again(fitted)
        if taking:
            self._claim(fitted)

    def _wait(self, timeout: float) -> None:
        try:
            self._woken.get(timeout=timeout) if timeout > 0 else self._woken.get_nowait()
            while True:
                self._woken.get_nowait()
        except Empty:
            pass

    def _places(self) -> int:
        return 2 * self._pool.count - sum(not batch.apart for batch in self._in_hand.values())

    def _try_again(self, fitted: Fitted) -> None:
        """Try one suspect by itself. What is tried then is kept with the claim: there is no third time."""
        if not self._suspects or any(batch.apart for batch in self._in_hand.values()):
            return
        if not self._ready_for_suspects:
            # A process takes its time to start. It would be no claim's fault if this one ended meanwhile.
            self._hand_over(Batch((), fitted, last=True, apart=True), ())
            return
        claim = self._suspects.popleft()
        if claim.tries:
            claim = _kept(self._claims.begin_again, claim)
        self._submit([claim], fitted, last=True, apart=True)

    def _claim(self, fitted: Fitted) -> None:
        """Claim for every free place in the pool; what comes beyond that waits in the inbox.

        Few arrivals are shared out among the idle workers, many make a large batch.
        """
        while self.has_room:
            places = self._places()
            arrivals = self._door.take(LARGEST_BATCH)
            if not arrivals:
                return
            idle = max(1, places - self._pool.count)
            size = LARGEST_BATCH if len(arrivals) == LARGEST_BATCH else math.ceil(len(arrivals) / idle)
            for start in range(0, len(arrivals), size):
                claims = self._claims.take(arrivals[start : start + size], self._refuse)
                if claims:
                    self._submit(claims, fitted)

    def _refuse(self, arrival: Arrival, why: str) -> None:
        self._door.refuse(arrival.path, why)

    def _submit(
        self, claims: Sequence[Claim], fitted: Fitted, *, last: bool = False, apart: bool = False
    ) -> None:
        read: list[Claim] = []
        files: list[bytes] = []
        unread: list[Outcome] = []
        for claim in claims:
            try:
                files.append(read_claim(claim))
                read.append(claim)
            except Unreadable as error:
                unread.append(Outcome(claim, Recognized(None, None, str(error)), fitted.version))
        if unread:
            self._file(unread)
        if read:
            self._hand_over(Batch(read, fitted, last, apart), files)

    def _hand_over(self, batch: Batch, files: Sequence[bytes]) -> None:
        if batch.apart:
            submit = self._pool.submit_apart
        else:
            submit = self._pool.submit_again if batch.last else self._pool.submit
        future = submit(batch.fitted.folder, files)
        self._in_hand[future] = batch
        future.add_done_callback(lambda _: self.wake())

    def _finish(self) -> None:
        """File all batches that came back, in one transaction."""
        outcomes: list[Outcome] = []
        for future in [future for future in self._in_hand if future.done()]:
            batch = self._in_hand.pop(future)
            fault = future.exception()
            if isinstance(fault, UnfitReferencesError):
                raise fault  # no picture's fault: the cache was removed or damaged, and a start makes it anew
            if fault is None:
                self._ready_for_suspects |= batch.apart
                results = future.result()
            elif batch.last and len(batch.claims) == 1:
                results = [_failed(batch.claims[0], _blame(fault))]
            elif isinstance(fault, BrokenExecutor) and self._pool.is_guarded and not batch.last:
                # Somebody killed a worker: what pictures do is done to its child.
                self._submit(batch.claims, batch.fitted, last=True)
                continue
            else:
                # One of the batch may have brought its worker down. Each is tried again by itself.
                self._suspects.extend(batch.claims)
                continue
            for claim, recognized in zip(batch.claims, results, strict=True):
                if recognized.grief and not batch.last:
                    self._suspects.append(_kept(self._claims.set_aside, claim))
                else:
                    outcomes.append(Outcome(claim, recognized, batch.fitted.version))
        if outcomes:
            self._file(outcomes)

    def _file(self, outcomes: Sequence[Outcome]) -> None:
        decisions = self._journey.finish(outcomes)
        now = time.monotonic()
        for outcome, decision in zip(outcomes, decisions, strict=True):
            self._filed(decision, now - outcome.claim.taken)


def _kept(keep: Callable[[Claim], Claim], claim: Claim) -> Claim:
    """The claim with what is known of it kept on the disk, where the disk takes it."""
    try:
        return keep(claim)
    except OSError:
        return claim


def _failed(claim: Claim, reason: str) -> Recognized:
    try:
        digest = sha256(read_claim(claim)).hexdigest()
    except Unreadable:
        digest = None
    return Recognized(digest, None, reason)


def _blame(fault: BaseException) -> str:
    if isinstance(fault, BrokenExecutor):
        return "the worker that read it died, twice"
    if isinstance(fault, Grief):
        return str(fault)
    return f"recognising it failed, twice: {type(fault).__name__}: {fault}"
