"""Claims on their way through the pool, a batch at a time."""

import math
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from watcher.folders.claims import Claim
from watcher.references.model import StoredModel


@dataclass(frozen=True, slots=True)
class Batch:
    """Claims that are in a worker's hands; `apart` from all others, or for the `last` time.

    `due`, in seconds of the monotonic clock, is when it should have come back by all means; `flushing` is a
    flush of the disk that was begun after the files were read.
    """

    claims: Sequence[Claim]
    model: StoredModel
    last: bool
    apart: bool
    due: float
    flushing: Future[None] | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """Claims that are about to become a batch."""

    claims: Sequence[Claim]
    last: bool = False
    apart: bool = False


class Overdue:
    """Tells once of each batch that was not brought back in time."""

    def __init__(self) -> None:
        self._told: set[Any] = set()

    def news(self, in_hand: Mapping[Any, Batch], deadline: float) -> list[Claim]:
        """The claims of those that have taken longer than a deadline for every claim in hand allows."""
        allowed = deadline * sum(len(batch.claims) for batch in in_hand.values())
        late = {
            key: batch.claims
            for key, batch in in_hand.items()
            if batch.claims and time.monotonic() - batch.claims[0].taken > allowed
        }
        new = [claim for key, claims in late.items() if key not in self._told for claim in claims]
        self._told = set(late)
        return new


def due_after(in_hand: Collection[Batch], longest: float) -> float:
    """When a batch is due that takes so many seconds at most, and waits for all that are in hand."""
    return max(time.monotonic(), *(batch.due for batch in in_hand), 0.0) + longest


def seconds_late(in_hand: Collection[Batch]) -> float:
    """For how long the first batch that is in hand has been due; negative where there is time left."""
    return time.monotonic() - min((batch.due for batch in in_hand), default=math.inf)


def kept(keep: Callable[[Claim], Claim], claim: Claim) -> Claim:
    """The claim with what is known of it kept on the disk, where the disk takes it."""
    try:
        return keep(claim)
    except OSError:
        return claim
