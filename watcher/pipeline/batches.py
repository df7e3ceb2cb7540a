"""Batches: claims on their way through the pool."""

import math
import time
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from watcher.folders.claims import Claim


@dataclass(frozen=True, slots=True)
class Batch:
    """Claims that a worker has. `last`: this is their last try. `apart`: in a worker of their own.

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
class WaitingBatch:
    """Claims that are about to become a batch; `last` and `apart` as for Batch."""

    claims: Sequence[Claim]
    last: bool = False
    apart: bool = False


class OverdueBatches:
    """Finds batches that do not come back in time, each once."""

    def __init__(self) -> None:
        self._reported: set[Any] = set()

    def take_new(self, in_hand: Mapping[Any, Batch], deadline: float) -> list[Claim]:
        """The claims of newly overdue batches: each claim in hand allows every batch `deadline` seconds."""
        allowed = deadline * sum(len(batch.claims) for batch in in_hand.values())
        late = {
            key: batch.claims
            for key, batch in in_hand.items()
            if batch.claims and time.monotonic() - batch.claims[0].taken > allowed
        }
        new = [claim for key, claims in late.items() if key not in self._reported for claim in claims]
        self._reported = set(late)
        return new


def due_after(in_hand: Collection[Batch], longest: float) -> float:
    """When a new batch is due on the monotonic clock: `longest` seconds after all those in hand."""
    return max(time.monotonic(), *(batch.due for batch in in_hand), 0.0) + longest


def seconds_late(in_hand: Collection[Batch]) -> float:
    """By how many seconds the first batch in hand is late; negative while it is in time."""
    return time.monotonic() - min((batch.due for batch in in_hand), default=math.inf)
