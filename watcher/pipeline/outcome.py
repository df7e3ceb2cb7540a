"""What came of a claimed picture in the workers."""

from concurrent.futures import Future
from dataclasses import dataclass

from watcher.folders.claims import Claim
from watcher.workers import Recognized


@dataclass(frozen=True, slots=True)
class Outcome:
    """A claimed picture, what was found in it, and under which version of the references.

    `flushing` is a flush of the disk that began after the file was read.
    """

    claim: Claim
    recognized: Recognized
    reference_version: int
    flushing: Future[None] | None = None
