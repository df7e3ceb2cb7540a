"""The outcome: what the workers found in a claimed picture."""

from concurrent.futures import Future
from dataclasses import dataclass

from watcher.folders.claims import Claim
from watcher.workers import Recognized


@dataclass(frozen=True, slots=True)
class Outcome:
    """A claimed picture, what was found in it, and the version of the references it was compared with.

    `flushing` is a flush of the disk that began after the file was read.
    """

    claim: Claim
    recognized: Recognized
    reference_version: int
    flushing: Future[None] | None = None
