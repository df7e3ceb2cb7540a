"""The daemon's heart: from the door through the pool to the journey, one event at a time."""

import errno
import math
import os
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import BrokenExecutor, Future
from dataclasses import dataclass
from hashlib import sha256
from queue import Empty, SimpleQueue

from watcher.deciding import Outcome
from watcher.errors import UnfitReferencesError, Unreadable
from watcher.fitting import Fitted
from watcher.folders.claims import Claim, Claims, is_being_written, read_claim
from watcher.folders.door import Door
from watcher.folders.inbox import Arrival
from watcher.journey import Journey
from watcher.resting import Resting
from watcher.store.results import Decision
from watcher.workers import Pool, Recognized

LARGEST_BATCH = 64
RESTLESS = "it was changed again and again while it was worked on"
NOT_GIVEN_BACK = f"the disk does not give it back: {os.strerror(errno.EIO)}"


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

    def __init__(  # noqa: PLR0913, PLR0917 - the parts it brings together
        self,
        door: Door,
        claims: Claims,
        pool: Pool,
        journey: Journey,
        filed: Callable[[Decision, float], object],
        lost: Callable[[Claim], object] = lambda _: None,
    ) -> None:
        self._door = door
        self._claims = claims
        self._pool = pool
        self._journey = journey
        self._filed = filed
        self._lost = lost
        self._woken: SimpleQueue[None] = SimpleQueue()
        self._waiting: deque[Sequence[Claim]] = deque()
        self._in_hand: dict[Future[list[Recognized]], Batch] = {}
        self._suspects: deque[Claim] = deque()
        self._outcomes: list[Outcome] = []
        self._is_retrying = False
        self._resting = Resting()

    @property
    def has_room(self) -> bool:
        """Whether the pool can take more."""
        return not self._suspects and not self._waiting and len(self._in_hand) < 2 * self._pool.count

    @property
    def is_idle(self) -> bool:
        """Whether nothing is claimed."""
        return self.claimed == 0

    @property
    def is_waiting(self) -> bool:
        """Whether all that is claimed rests until somebody has written it, or the disk gives it back."""
        return self.claimed == len(self._resting) > 0

    @property
    def claimed(self) -> int:
        """How many pictures are claimed."""
        batches = [*self._waiting, *(batch.claims for batch in self._in_hand.values())]
        alone = len(self._suspects) + len(self._outcomes) + len(self._resting)
        return alone + sum(len(batch) for batch in batches)

    def wake(self) -> None:
        """Something happened that `step` should see to."""
        self._woken.put(None)

    def again(self, claims: Sequence[Claim]) -> None:
        """Put claims of an earlier run through."""
        for start in range(0, len(claims), LARGEST_BATCH):
            self._waiting.append(claims[start : start + LARGEST_BATCH])
        self.wake()

    def rest(self, seconds: float) -> None:
        """Let time pass, less where something happens; however much does, it is woken now and then only."""
        if self._wait(seconds):
            time.sleep(0.02)

    def abandon(self) -> int:
        """Forget what is claimed, whose files are out of reach, and whatever comes back of it; how many."""
        count = self.claimed
        for pile in (self._waiting, self._in_hand, self._suspects, self._outcomes, self._resting):
            pile.clear()
        self._is_retrying = False
        return count

    def step(self, fitted: Fitted, timeout: float, *, taking: bool) -> None:
        """Wait for something to happen, at most so many seconds, and see to it; claim more if `taking`.

        Whatever fault is raised, nothing is forgotten: the next step goes on from where this one stopped.
        """
        self._wait(min(timeout, self._resting.left))
        self._collect()
        self._file()
        for claim in self._resting.rested():
            self._waiting.append([claim])
        if self._suspects:
            if not self._in_hand:
                self._submit([self._suspects[0]], fitted, alone=True)
                self._suspects.popleft()
            return
        while self._waiting and len(self._in_hand) < 2 * self._pool.count:
            self._submit(self._waiting[0], fitted)
            self._waiting.popleft()
        if taking and not self._waiting:
            self._claim(fitted)

    def _wait(self, timeout: float) -> bool:
        """Whether something happened within so many seconds."""
        try:
            self._woken.get(timeout=timeout) if timeout > 0 else self._woken.get_nowait()
        except Empty:
            return False
        try:
            while True:
                self._woken.get_nowait()
        except Empty:
            return True

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
                claims = self._claims.take(arrivals[start : start + size], self._refuse, self._leave)
                if claims:
                    self._waiting.append(claims)
                    self._submit(claims, fitted)
                    self._waiting.pop()

    def _leave(self, arrival: Arrival) -> None:
        self._door.hint(arrival.path)

    def _refuse(self, arrival: Arrival, why: str) -> None:
        self._door.refuse(arrival.path, why)

    def _submit(self, claims: Sequence[Claim], fitted: Fitted, *, alone: bool = False) -> None:
        """Read claims and hand them to the pool; what cannot be read needs no worker."""
        found = [(claim, self._read(claim)) for claim in claims]
        read = [(claim, content) for claim, content in found if isinstance(content, bytes)]
        if read:
            future = self._pool.submit(fitted.folder, [content for _, content in read])
            self._in_hand[future] = Batch([claim for claim, _ in read], fitted, alone)
            future.add_done_callback(lambda _: self.wake())
        for claim, content in found:
            if isinstance(content, Recognized):
                self._outcomes.append(Outcome(claim, content, fitted.version))
                self.wake()
            elif content is FileNotFoundError:
                self._lost(claim)
            elif content is OSError:
                self._resting.put(claim, counts=True)

    def _read(self, claim: Claim) -> bytes | Recognized | type[OSError]:
        """The content of a claimed file, what is found without it, or what keeps it from being read now."""
        is_worn_out = self._resting.is_worn_out(claim)
        try:
            content = read_claim(claim)
        except Unreadable as error:
            return Recognized(None, None, str(error))
        except FileNotFoundError:
            return FileNotFoundError
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            return Recognized(None, None, NOT_GIVEN_BACK) if is_worn_out else OSError
        return Recognized(sha256(content).hexdigest(), None, RESTLESS) if is_worn_out else content

    def _collect(self) -> None:
        """Take what came back from the pool."""
        for future in [future for future in self._in_hand if future.done()]:
            batch = self._in_hand.pop(future)
            fault = future.exception()
            if fault is None:
                results = future.result()
            elif batch.alone:
                results = [_failed(claim, fault) for claim in batch.claims]
            elif isinstance(fault, UnfitReferencesError):
                # No picture's fault: the cache was removed or damaged, and has to be made anew.
                self._waiting.append(batch.claims)
                raise fault
            else:
                # One of the batch may have brought its worker down. Each is tried again by itself.
                self._suspects.extend(batch.claims)
                continue
            self._outcomes += [
                Outcome(claim, recognized, batch.fitted.version)
                for claim, recognized in zip(batch.claims, results, strict=True)
            ]

    def _file(self) -> None:
        """File all that was found, in one transaction."""
        if not self._outcomes:
            return
        is_retrying, self._is_retrying = self._is_retrying, True
        finished = self._journey.finish(self._outcomes, again=is_retrying)
        self._is_retrying = False
        self._outcomes.clear()
        now = time.monotonic()
        for claim, decision in finished.filed:
            self._resting.forget(claim)
            self._filed(decision, now - claim.taken)
        for claim in finished.changed:
            self._resting.put(claim, counts=not is_being_written(claim.path))


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
