"""Claims on their way through the pool, a batch at a time."""

import math
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from watcher.fitting import Fitted
from watcher.folders.claims import Claim

Key = TypeVar("Key")


@dataclass(frozen=True, slots=True)
class Batch:
    """Claims that are in a worker's hands; `apart` from all others, or for the `last` time.

    `due`, in seconds of the monotonic clock, is when it should have come back by all means.
    """

    claims: Sequence[Claim]
    fitted: Fitted
    last: bool
    apart: bool
    due: float


@dataclass(frozen=True, slots=True)
class Waiting:
    """Claims that are about to become a batch."""

    claims: Sequence[Claim]
    last: bool = False
    apart: bool = False


def due_after(in_hand: Collection[Batch], longest: float) -> float:
    """When a batch is due that takes so many seconds at most, and waits for all that are in hand."""
    return max(time.monotonic(), *(batch.due for batch in in_hand), 0.0) + longest


def seconds_late(in_hand: Collection[Batch]) -> float:
    """For how long the first batch that is in hand has been due; negative where there is time left."""
    return time.monotonic() - min((batch.due for batch in in_hand), default=math.inf)


def overdue(in_hand: Mapping[Key, Batch], deadline: float) -> dict[Key, Batch]:
    """The batches in hand for longer than a deadline, in seconds, for each of all their claims allows."""
    allowed = deadline * sum(len(batch.claims) for batch in in_hand.values())
    now = time.monotonic()
    return {
        key: batch for key, batch in in_hand.items() if batch.claims and now - batch.claims[0].taken > allowed
    }


def kept(keep: Callable[[Claim], Claim], claim: Claim) -> Claim:
    """The claim with what is known of it kept on the disk, where the disk takes it."""
    try:
        return keep(claim)
    except OSError:
        return claim
