"""Failed files put back into the inbox, to be put through again."""

import fcntl
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from watcher.errors import WatcherError
from watcher.folders.claims import claimed_name
from watcher.folders.disk import Flusher
from watcher.folders.outbox import Outbox
from watcher.pipeline.filing import destination_of
from watcher.store.requeued import FailedResult, RequeuedResults
from watcher.text import error_text

AT_ONCE = 100
PATIENCE = 5.0
"""How long, in seconds, it is waited in all for names in the inbox to become free."""


class Requeue:
    """Beside a running daemon too: it takes what comes into the inbox, however it comes.

    The promise: each file lies in failed/ with its row in the log, or in the inbox with no row there. The row
    leaves the log for the history first; then the file is moved, in one step; once that is sure to survive a
    power cut, the history says so. What is cut short in between is undone or ended by `mend`.
    """

    def __init__(self, retries: RequeuedResults, outbox: Outbox, inbox: Path, flusher: Flusher) -> None:
        self._retries = retries
        self._outbox = outbox
        self._inbox = inbox
        self._flusher = flusher

    def put_back(self, ids: Iterable[int], refused: Callable[[str], object]) -> int:
        """Put back the files of these results; how many were. `refused` is told why another was not.

        Raises WatcherError where another is at it.
        """
        give_up = time.monotonic() + PATIENCE
        count = 0
        with self._alone() as is_alone:
            if not is_alone:
                raise WatcherError("another `watcher retry` is at work; try again when it is done")
            self._mend()
            for some in _portions(list(dict.fromkeys(ids))):
                wanted = [result for number in some if (result := self._wanted(number, refused))]
                self._retries.begin(result.id for result in wanted)
                moved = [result for result in wanted if self._move(result, give_up, refused)]
                self._end(moved)
                self._undo([result for result in wanted if result not in moved])
                count += len(moved)
        return count

    def mend(self) -> None:
        """See to what another left half done, unless it is still at it."""
        with self._alone() as is_alone:
            if is_alone:
                self._mend()

    def _mend(self) -> None:
        begun = self._retries.begun()
        stayed = [result for result in begun if self._outbox.holds(_destination(result))]
        self._end([result for result in begun if result not in stayed])
        self._undo(stayed)

    def _wanted(self, number: int, refused: Callable[[str], object]) -> FailedResult | None:
        """A result that can be put back."""
        result = self._retries.find(number)
        if result is None:
            at = self._retries.put_back_at(number)
            refused(f"there is no result {number}" if at is None else f"result {number} was put back at {at}")
            return None
        if result.status != "failed" or result.filed_at is None:
            where = f"lies at {result.destination}" if result.filed_at else "is about to be filed"
            refused(f"result {number} ({result.name}) has not failed: it {where}")
            return None
        if not self._outbox.holds(_destination(result)):
            refused(f"result {number}: {result.destination} is not in the outbox any more")
            return None
        return result

    def _move(self, result: FailedResult, give_up: float, refused: Callable[[str], object]) -> bool:
        name = claimed_name(result.claim)
        while True:
            try:
                self._outbox.give_back(_destination(result), os.path.join(self._inbox, name))  # noqa: PTH118 - of any bytes
            except FileExistsError:
                if time.monotonic() < give_up:
                    time.sleep(0.02)
                    continue
                refused(f"result {result.id}: a file named {result.name} waits in the inbox; try again later")
            except OSError as error:
                refused(f"result {result.id}: {error_text(error)}")
            else:
                return True
            return False

    def _end(self, moved: Sequence[FailedResult]) -> None:
        if moved:
            for result in moved:
                self._outbox.remove_reason(_destination(result), result.reason or "")
            self._flusher.flush()
            self._retries.end(result.id for result in moved)

    def _undo(self, stayed: Sequence[FailedResult]) -> None:
        if stayed:
            self._retries.undo(result.id for result in stayed)

    @contextmanager
    def _alone(self) -> Iterator[bool]:
        """Whether nobody else puts files back; nobody will while in the context."""
        descriptor = os.open(self._outbox.path / "failed", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
        finally:
            os.close(descriptor)


def _destination(result: FailedResult) -> str:
    return destination_of(result.claim, result.destination)


def _portions(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    return (ids[start : start + AT_ONCE] for start in range(0, len(ids), AT_ONCE))
