"""Claims on their way through the pool, a batch at a time."""

import math
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from watcher.folders.claims import Claim


@dataclass(frozen=True, slots=True)
class Batch:
    """Claims that are in a worker's hands; `apart` from all others, or for the `last` time.

    `reference_version` is that of the references they are compared with. `due`, in seconds of the monotonic
    clock, is the latest moment at which the batch should come back. `flushing` is a flush of the disk that
    began after the files were read.
    """

    claims: Sequence[Claim]
    reference_version: int
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
    """Reports each batch that did not come back in time, once."""

    def __init__(self) -> None:
        self._told: set[Any] = set()

    def news(self, in_hand: Mapping[Any, Batch], deadline: float) -> list[Claim]:
        """The claims of batches that took longer than `deadline` seconds for every claim in hand."""
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
    """When a batch is due that takes `longest` seconds at most, after all that are in hand."""
    return max(time.monotonic(), *(batch.due for batch in in_hand), 0.0) + longest


def seconds_late(in_hand: Collection[Batch]) -> float:
    """How long the first batch in hand has been due, in seconds; negative while there is time left."""
    return time.monotonic() - min((batch.due for batch in in_hand), default=math.inf)


def kept(keep: Callable[[Claim], Claim], claim: Claim) -> Claim:
    """The claim after its state was recorded on the disk; unchanged if the disk refuses."""
    try:
        return keep(claim)
    except OSError:
        return claim
