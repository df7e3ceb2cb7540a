"""The one source of new files for the daemon: from events and from sweeps, each file once."""

from collections.abc import Iterator
from queue import SimpleQueue

from watcher.folders.inbox import Arrival, Inbox, NotYet

MOST_HINTS = 50_000
MOST_REPORTED = 1000
MOST_BYTES = 32 * 2**20


class Arrivals:
    """Collects hints and sweeps. `notice` may be called from any thread, everything else from one."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self._hints: SimpleQueue[str] = SimpleQueue()
        self._sweep: Iterator[str] | None = None
        self._unfinished = 0
        self._unfinished_before = 0
        self._is_settled = False
        self._has_lost_hints = False
        self._left_alone: dict[str, str | None] = {}

    def notice(self, path: str) -> None:
        """Add a hint: a file may have come. Beyond MOST_HINTS hints are dropped: a sweep finds the file."""
        if self._hints.qsize() < MOST_HINTS:
            self._hints.put(path)
        else:
            self._has_lost_hints = True

    def has_lost_hints(self) -> bool:
        """Whether hints were dropped since the last call."""
        lost, self._has_lost_hints = self._has_lost_hints, False
        return lost

    def sweep(self, *, thorough: bool = True) -> None:
        """Begin to look through the whole folder, unless a sweep is under way.

        If it need not be `thorough`, it is also skipped when the last sweep left no file to check again, and
        no name came or went since.
        """
        if self._sweep is not None or (
            not thorough and self._is_settled and self._inbox.is_unchanged_since_sweep()
        ):
            return
        self._sweep = self._inbox.sweep()
        self._is_settled = True
        self._unfinished = 0

    def forget(self) -> None:
        """Forget hints and the current sweep, because the folder was replaced by another."""
        while not self._hints.empty():
            self._hints.get_nowait()
        self._sweep = None
        self._is_settled = False

    def restart_sweep(self) -> None:
        """Look through the whole folder from the beginning, even if a sweep is under way."""
        self._sweep = None
        self.sweep()

    @property
    def is_open(self) -> bool:
        """Whether there are hints or a sweep to go on with."""
        return self._sweep is not None or not self._hints.empty()

    @property
    def unfinished(self) -> int:
        """How many files were still being written at the last whole sweep."""
        return self._unfinished_before

    def take(self, most: int) -> list[Arrival]:
        """At most `most` arrivals: from hints first, then from the sweep.

        It stops early after MOST_BYTES, because the files are soon read into memory.
        """
        arrivals: dict[str, Arrival] = {}
        size = 0
        while len(arrivals) < most and size < MOST_BYTES:
            path = self._next()
            if path is None:
                break
            if path not in arrivals:
                verdict = self._inbox.look(path)
                if isinstance(verdict, Arrival):
                    self._is_settled = False  # if it is not claimed, the next sweep must find it again
                    arrivals[path] = verdict
                    size += verdict.size
                else:
                    self._note(path, verdict)
        return list(arrivals.values())

    def refuse(self, path: str, why: str) -> None:
        """Remember that a path was left alone and why."""
        if len(self._left_alone) < MOST_REPORTED:
            self._left_alone.setdefault(path, why)

    def left_alone(self) -> dict[str, str]:
        """The paths in the inbox that were left alone, and why; each is returned once."""
        new = {path: why for path, why in self._left_alone.items() if why is not None}
        self._left_alone = dict.fromkeys(self._left_alone)
        return new

    def _next(self) -> str | None:
        if not self._hints.empty():  # no other thread takes hints
            return self._hints.get_nowait()
        if self._sweep is not None:
            for path in self._sweep:
                return path
            self._sweep = None
            self._unfinished_before = self._unfinished
        return None

    def _note(self, path: str, verdict: NotYet) -> None:
        if verdict is NotYet.BEING_WRITTEN:
            self._is_settled = False
            self._unfinished += 1
        elif verdict not in {NotYet.GONE, NotYet.HIDDEN}:
            self.refuse(path, verdict.value)
