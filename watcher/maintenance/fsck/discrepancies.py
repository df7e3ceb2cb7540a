"""What can be between the log and the folders."""

from dataclasses import dataclass
from enum import Enum

from watcher.store.logged_files import LoggedFile


class Kind(Enum):
    """Each kind of discrepancy: its name, whether it is a fault, and what to do where it is not mended."""

    MOVED = ("moved", False, "")
    GONE = ("gone", False, "")
    PRUNED = ("pruned", False, "")
    HALF_FILED = ("half filed", True, "`watcher run` finishes it when it starts, and so does --repair")
    LEFT_OVER = ("left over", True, "`watcher run` removes it when it starts, and so does --repair")
    CLAIMED = ("claimed", True, "`watcher run` recognizes it when it starts; --repair puts it into the inbox")
    UNRECORDED = ("unrecorded", True, "--repair puts it into the inbox, so that it gets a row of its own")
    UNEXPLAINED = ("unexplained", True, "--repair writes it")
    ORPHANED = (
        "orphaned",
        True,
        "--repair removes it, unless somebody wrote into it",
    )
    ALTERED = ("altered", True, "bring back the file as it came, or take it out of the outbox")
    LOST = ("lost", True, "look for it in a copy of the disk, and drop it into the inbox again")
    SHARED = ("shared", True, "one of the two files was written over: look for it in a copy of the disk")

    def __init__(self, word: str, is_fault: bool, advice: str) -> None:  # noqa: FBT001 - a row of the table above
        self.word = word
        self.is_fault = is_fault
        self.advice = advice


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """One thing that the log says and the folders do not, or the other way round.

    `place` is a path relative to the outbox, or to the claims for CLAIMED and LEFT_OVER, as the disk has it;
    `row` the row it is about; `detail` says it in words.
    """

    kind: Kind
    place: str
    row: LoggedFile | None
    detail: str
