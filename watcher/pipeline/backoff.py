"""Backoff: claims that cannot be read or decided now are retried after growing delays."""

import math
import time
from collections.abc import Callable

from watcher.folders.claims import Claim

MOST_DELAYS = 8
"""How often a file that changes, or that the disk cannot read, is tried again: this takes 9 seconds."""
FIRST_DELAY = 0.1
LONGEST_DELAY = 2.0


class RetryDelays:
    """Delayed claims. Their delays double, from FIRST_DELAY to LONGEST_DELAY seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._due: list[tuple[float, Claim]] = []
        self._counts: dict[str, int] = {}

    def __len__(self) -> int:
        """How many claims are delayed."""
        return len(self._due)

    @property
    def pause(self) -> float:
        """Seconds until the first delay is over; infinite if no claim is delayed."""
        return max(0.0, min((due for due, _ in self._due), default=math.inf) - self._clock())

    def add(self, claim: Claim, *, counts: bool) -> None:
        """Delay a claim. If the delay `counts`, it counts towards MOST_DELAYS."""
        count = self._counts.get(claim.token, 0)
        self._due.append((self._clock() + min(FIRST_DELAY * 2**count, LONGEST_DELAY), claim))
        if counts:
            self._counts[claim.token] = count + 1

    def is_exhausted(self, claim: Claim) -> bool:
        """Whether a claim has been delayed as often as it may be."""
        return self._counts.get(claim.token, 0) >= MOST_DELAYS

    def take_due(self) -> list[Claim]:
        """Remove and return the claims whose delay is over."""
        now = self._clock()
        over = [claim for due, claim in self._due if due <= now]
        self._due = [(due, claim) for due, claim in self._due if due > now]
        return over

    def forget(self, claim: Claim) -> None:
        """Forget how often a claim was delayed: it is filed."""
        self._counts.pop(claim.token, None)

    def clear(self) -> None:
        """Forget all claims."""
        self._due.clear()
        self._counts.clear()
