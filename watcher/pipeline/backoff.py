"""Claims that cannot be read or decided right now, each left in peace for a while and counted."""

import math
import time
from collections.abc import Callable

from watcher.folders.claims import Claim

MOST_ROUNDS = 8
"""How often a file that changed, or that the disk does not give back, is tried again: for 9 seconds."""
FIRST_REST = 0.1
LONGEST_REST = 2.0


class RetryDelays:
    """Each rest of a claim is longer than the one before, in seconds from FIRST_REST to LONGEST_REST."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._due: list[tuple[float, Claim]] = []
        self._rounds: dict[str, int] = {}

    def __len__(self) -> int:
        """How many rest."""
        return len(self._due)

    @property
    def left(self) -> float:
        """Seconds until the first has rested; infinite where none rests."""
        return max(0.0, min((due for due, _ in self._due), default=math.inf) - self._clock())

    def put(self, claim: Claim, *, counts: bool) -> None:
        """Let a claim rest; where it `counts`, it will not do so for ever."""
        rounds = self._rounds.get(claim.token, 0)
        self._due.append((self._clock() + min(FIRST_REST * 2**rounds, LONGEST_REST), claim))
        if counts:
            self._rounds[claim.token] = rounds + 1

    def is_exhausted(self, claim: Claim) -> bool:
        """Whether it has rested as often as it may."""
        return self._rounds.get(claim.token, 0) >= MOST_ROUNDS

    def rested(self) -> list[Claim]:
        """Those that have rested long enough; they rest no more."""
        now = self._clock()
        rested = [claim for due, claim in self._due if due <= now]
        self._due = [(due, claim) for due, claim in self._due if due > now]
        return rested

    def forget(self, claim: Claim) -> None:
        """It is filed."""
        self._rounds.pop(claim.token, None)

    def clear(self) -> None:
        """None rests."""
        self._due.clear()
        self._rounds.clear()
