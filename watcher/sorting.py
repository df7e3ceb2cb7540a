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
from watcher.workers import Pool, Recognized

LARGEST_BATCH = 64


@dataclass(frozen=True, slots=True)
class Batch:
    """Claims that are in a worker's hands."""

    claims: Sequence[Claim]
    fitted: Fitted
    alone: bool


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

    @property
    def has_room(self) -> bool:
        """Whether the pool can take more."""
        return not self._suspects and len(self._in_hand) < 2 * self._pool.count

    @property
    def is_idle(self) -> bool:
        """Whether nothing is claimed."""
        return not self._in_hand and not self._suspects

    def wake(self) -> None:
        """Something happened that `step` should see to."""
        self._woken.put(None)

    def again(self, claims: Sequence[Claim], fitted: Fitted) -> None:
        """Put claims of an earlier run through."""
        for start in range(0, len(claims), LARGEST_BATCH):
            self._submit(claims[start : start + LARGEST_BATCH], fitted)

    def abandon(self) -> int:
        """Forget what is claimed, whose files are out of reach, and whatever comes back of it; how many."""
        count = sum(len(batch.claims) for batch in self._in_hand.values()) + len(self._suspects)
        self._in_hand.clear()
        self._suspects.clear()
        return count

    def step(self, fitted: Fitted, timeout: float, *, taking: bool) -> None:
        """Wait for something to happen, at most so many seconds, and see to it; claim more if `taking`."""
        self._wait(timeout)
        self._finish()
        if self._suspects and not self._in_hand:
            self._submit([self._suspects.popleft()], fitted, alone=True)
        elif taking and not self._suspects:
            self._claim(fitted)

    def _wait(self, timeout: float) -> None:
        try:
            self._woken.get(timeout=timeout) if timeout > 0 else self._woken.get_nowait()
            while True:
                self._woken.get_nowait()
        except Empty:
            pass

    def _claim(self, fitted: Fitted) -> None:
        """Claim for every free place in the pool; what comes beyond that waits in the inbox.

        Few arrivals are shared out among the idle workers, many make a large batch.
        """
        while (places := 2 * self._pool.count - len(self._in_hand)) > 0:
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

    def _submit(self, claims: Sequence[Claim], fitted: Fitted, *, alone: bool = False) -> None:
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
            future = self._pool.submit(fitted.folder, files)
            self._in_hand[future] = Batch(read, fitted, alone)
            future.add_done_callback(lambda _: self.wake())

    def _finish(self) -> None:
        """File all batches that came back, in one transaction."""
        outcomes: list[Outcome] = []
        for future in [future for future in self._in_hand if future.done()]:
            batch = self._in_hand.pop(future)
            fault = future.exception()
            if fault is None:
                results = future.result()
            elif isinstance(fault, UnfitReferencesError):
                raise fault  # no picture's fault: the cache was removed or damaged, and a start makes it anew
            elif batch.alone:
                results = [_failed(claim, fault) for claim in batch.claims]
            else:
                # One of the batch may have brought its worker down. Each is tried again by itself.
                self._suspects.extend(batch.claims)
                continue
            outcomes += [
                Outcome(claim, recognized, batch.fitted.version)
                for claim, recognized in zip(batch.claims, results, strict=True)
            ]
        if outcomes:
            self._file(outcomes)

    def _file(self, outcomes: Sequence[Outcome]) -> None:
        decisions = self._journey.finish(outcomes)
        now = time.monotonic()
        for outcome, decision in zip(outcomes, decisions, strict=True):
            self._filed(decision, now - outcome.claim.taken)


def _failed(claim: Claim, fault: BaseException) -> Recognized:
    try:
        digest = sha256(read_claim(claim)).hexdigest()
    except Unreadable:
        digest = None
    return Recognized(digest, None, _blame(fault))


def _blame(fault: BaseException) -> str:
    if isinstance(fault, BrokenExecutor):
        return "the worker that read it died, twice"
    return f"recognising it failed, twice: {type(fault).__name__}: {fault}"
