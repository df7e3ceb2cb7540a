"""The differences there can be between the log and the folders."""

from dataclasses import dataclass
from enum import Enum

from watcher.store.logged_files import LoggedFile


class Kind(Enum):
    """Each kind of discrepancy: its name, whether it is a fault, and what to do if it is not repaired."""

    MOVED = ("moved", False, "")
    GONE = ("gone", False, "")
    PRUNED = ("pruned", False, "")
    HALF_FILED = ("half filed", True, "the next start of `watcher run` finishes it, and so does --repair")
    LEFT_OVER = ("left over", True, "the next start of `watcher run` removes it, and so does --repair")
    CLAIMED = (
        "claimed",
        True,
        "the next start of `watcher run` recognizes it; --repair puts it into the inbox",
    )
    UNRECORDED = ("unrecorded", True, "--repair puts it into the inbox, so that it gets a row")
    UNEXPLAINED = ("unexplained", True, "--repair writes the reason")
    ORPHANED = ("orphaned", True, "--repair removes it, unless somebody changed it")
    ALTERED = ("altered", True, "restore the original file from a backup, or take it out of the outbox")
    LOST = ("lost", True, "look for it in a backup, and drop it into the inbox again")
    SHARED = ("shared", True, "one of the two files was overwritten; look for it in a backup")

    def __init__(self, word: str, is_fault: bool, advice: str) -> None:  # noqa: FBT001 - a row of the table above
        self.word = word
        self.is_fault = is_fault
        self.advice = advice


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """One difference between the log and the folders.

    `place` is the file's path on disk, relative to the outbox, or to the claims for CLAIMED and LEFT_OVER;
    `row` is the row concerned, if any; `detail` describes the difference.
    """

    kind: Kind
    place: str
    row: LoggedFile | None
    detail: str
