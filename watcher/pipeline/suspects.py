"""Suspects: pictures that went wrong once with a worker. Each is tried a second time, by itself."""

import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence

from watcher.folders.claims import Claim, Claims

MOST_SUSPECTS = 1000
PAUSE = 0.25
"""Seconds between two tries while all workers are busy with other pictures."""


class Suspects:
    """A queue of suspects, and when the next one may be tried. For one thread.

    They are tried by a worker of their own, apart from the others. That worker is a process that takes time
    to start. A failed start must not count against a picture, so the first batch is empty.
    """

    def __init__(self, claims: Claims) -> None:
        self._claims = claims
        self._queue: deque[Claim] = deque()
        self._worker_is_ready = False
        self._next_try = 0.0

    def __len__(self) -> int:
        """How many wait for their second try."""
        return len(self._queue)

    @property
    def has_room(self) -> bool:
        """Whether there may be more; the daemon claims nothing while there are too many."""
        return len(self._queue) < MOST_SUSPECTS

    def add(self, claims: Iterable[Claim]) -> None:
        """Queue pictures as they are."""
        self._queue.extend(claims)

    def set_aside(self, claim: Claim) -> None:
        """Queue a picture, and record on the disk that it went wrong once."""
        self._queue.append(_recorded(self._claims.set_aside, claim))

    def is_due(self, *, workers_are_busy: bool) -> bool:
        """Whether one may be tried now: at once while a worker is idle, otherwise after a pause."""
        return bool(self._queue) and not (workers_are_busy and time.monotonic() < self._next_try)

    def next_try(self) -> Sequence[Claim]:
        """What to try now: one suspect, or nothing, which gets the worker ready.

        The disk records that the second try begins: there is no third one, even after a crash.
        """
        if not self._worker_is_ready:
            return ()
        if self._queue[0].tries == 1:
            self._queue[0] = _recorded(self._claims.begin_again, self._queue[0])
        return (self._queue[0],)

    def try_begun(self, claims: Sequence[Claim]) -> None:
        """Remove what `next_try` returned from the queue: a worker has it now."""
        for _ in claims:
            self._queue.popleft()

    def try_ended(self, *, worker_is_well: bool) -> None:
        """A try is over."""
        self._next_try = time.monotonic() + PAUSE
        self._worker_is_ready |= worker_is_well

    def clear(self) -> None:
        """Forget all of them."""
        self._queue.clear()


def _recorded(record: Callable[[Claim], Claim], claim: Claim) -> Claim:
    """The claim after its state was recorded on the disk; unchanged if the disk refuses."""
    try:
        return record(claim)
    except OSError:
        return claim
