"""The one door into the daemon: what events hint at and what sweeps find, each file once."""

from collections.abc import Iterator
from queue import SimpleQueue

from watcher.folders.inbox import Arrival, Inbox, NotYet

MOST_HINTS = 50_000
MOST_REPORTED = 1000
MOST_BYTES = 32 * 2**20


class Arrivals:
    """Hints come from any thread; all else is for one thread alone."""

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
        """Something may have come. Past a bound hints are dropped: the next sweep finds the file."""
        if self._hints.qsize() < MOST_HINTS:
            self._hints.put(path)
        else:
            self._has_lost_hints = True

    def has_lost_hints(self) -> bool:
        """Whether hints were dropped since this was asked last."""
        lost, self._has_lost_hints = self._has_lost_hints, False
        return lost

    def sweep(self, *, thorough: bool = True) -> None:
        """Look through the whole folder, unless that is going on already.

        Where it need not be `thorough`, it is left out too when the last one found nothing that has to be
        looked at again, and no name came or went since.
        """
        if self._sweep is not None or (
            not thorough and self._is_settled and self._inbox.is_unchanged_since_sweep()
        ):
            return
        self._sweep = self._inbox.sweep()
        self._is_settled = True
        self._unfinished = 0

    def forget(self) -> None:
        """The folder is another: what was hinted at and what is being swept are of no use."""
        while not self._hints.empty():
            self._hints.get_nowait()
        self._sweep = None
        self._is_settled = False

    def restart_sweep(self) -> None:
        """Look through the whole folder from its beginning, however far it was looked through."""
        self._sweep = None
        self.sweep()

    @property
    def is_open(self) -> bool:
        """Whether there is more to look at without waiting."""
        return self._sweep is not None or not self._hints.empty()

    @property
    def unfinished(self) -> int:
        """How many files were still being written when the last whole sweep came by."""
        return self._unfinished_before

    def take(self, most: int) -> list[Arrival]:
        """At most so many arrivals: those hinted at first, then what the sweep comes upon.

        Fewer where they are large: what is taken is soon held in memory.
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
                    self._is_settled = False  # it may come to nothing, and is then to be found again
                    arrivals[path] = verdict
                    size += verdict.size
                else:
                    self._note(path, verdict)
        return list(arrivals.values())

    def refuse(self, path: str, why: str) -> None:
        """Remember that a path was left alone."""
        if len(self._left_alone) < MOST_REPORTED:
            self._left_alone.setdefault(path, why)

    def left_alone(self) -> dict[str, str]:
        """The paths in the inbox that are left alone, and why; each is told once."""
        new = {path: why for path, why in self._left_alone.items() if why is not None}
        self._left_alone = dict.fromkeys(self._left_alone)
        return new

    def _next(self) -> str | None:
        if not self._hints.empty():  # nobody else takes any
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
