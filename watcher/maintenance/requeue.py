"""Requeue: puts files from failed/ and review/ back into the inbox, to be recognized again."""

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from watcher.errors import WatcherError
from watcher.folders.claims import claimed_name
from watcher.folders.disk import Flusher
from watcher.folders.locks import locked
from watcher.folders.outbox import Outbox, destination_of
from watcher.store.requeued import RequeuedResult, RequeuedResults
from watcher.text import error_text

AT_ONCE = 100
PATIENCE = 5.0
"""Seconds to wait, in all, until names in the inbox become free."""


class Requeue:
    """Puts files back from failed/ and review/, while a daemon runs too: to it, they are new files.

    The promise: each file lies in the outbox with its row in the log, or in the inbox with no row there.
    First the row moves from the log to the history. Then the file moves, in one step. Once a power cut can no
    longer undo the move, the history records it. If this stops halfway, `recover` undoes or completes it.
    """

    def __init__(self, requeued: RequeuedResults, outbox: Outbox, inbox: Path, flusher: Flusher) -> None:
        self._requeued = requeued
        self._outbox = outbox
        self._failed = outbox.path / "failed"
        self._inbox = inbox
        self._flusher = flusher

    def put_back(self, ids: Iterable[int], refused: Callable[[str], object]) -> int:
        """Put back the files of these results, and return how many. `refused` is called with each refusal.

        Raises WatcherError if another process puts files back right now.
        """
        give_up = time.monotonic() + PATIENCE
        count = 0
        with locked(self._failed) as is_alone:
            if not is_alone:
                raise WatcherError("another `watcher retry` is running; try again when it is done")
            self._recover()
            for some in _portions(list(dict.fromkeys(ids))):
                wanted = [result for number in some if (result := self._wanted(number, refused))]
                wanted = self._newest(wanted, refused)
                self._requeued.begin(result.id for result in wanted)
                moved = [result for result in wanted if self._move(result, give_up, refused)]
                self._end(moved)
                self._undo([result for result in wanted if result not in moved])
                count += len(moved)
        return count

    def still_there(self, ids: Iterable[int]) -> list[int]:
        """Those of these results whose files still lie where they were filed."""
        found = ((number, self._requeued.find(number)) for number in ids)
        return [number for number, result in found if result and self._outbox.holds(_destination(result))]

    def recover(self) -> None:
        """Undo or complete what another process left half done, unless that process still runs."""
        with locked(self._failed) as is_alone:
            if is_alone:
                self._recover()

    def _recover(self) -> None:
        begun = self._requeued.begun()
        stayed = [result for result in begun if self._outbox.holds(_destination(result))]
        self._end([result for result in begun if result not in stayed])
        self._undo(stayed)

    def _wanted(self, number: int, refused: Callable[[str], object]) -> RequeuedResult | None:
        """The result, if its file can be put back."""
        result = self._requeued.find(number)
        if result is None:
            at = self._requeued.put_back_at(number)
            refused(f"there is no result {number}" if at is None else f"result {number} was put back at {at}")
            return None
        if result.status == "filed" or result.filed_at is None:
            where = f"lies at {result.destination}" if result.filed_at else "is about to be filed"
            refused(f"result {number} ({result.name}) is neither failed nor in review: it {where}")
            return None
        if not self._outbox.holds(_destination(result)):
            refused(f"result {number}: {result.destination} is no longer in the outbox")
            return None
        return result

    def _newest(
        self, wanted: Sequence[RequeuedResult], refused: Callable[[str], object]
    ) -> list[RequeuedResult]:
        """Those that are the newest at their destinations: what lies there is theirs."""
        newest = self._requeued.newest_at(result.destination for result in wanted)
        for result in wanted:
            if newest[result.destination] != result.id:
                now = newest[result.destination]
                refused(f"result {result.id}: what lies at {result.destination} now is of result {now}")
        return [result for result in wanted if newest[result.destination] == result.id]

    def _move(self, result: RequeuedResult, give_up: float, refused: Callable[[str], object]) -> bool:
        name = claimed_name(result.claim)
        while True:
            try:
                self._outbox.move_out(_destination(result), os.path.join(self._inbox, name))  # noqa: PTH118 - of any bytes
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

    def _end(self, moved: Sequence[RequeuedResult]) -> None:
        if moved:
            for result in moved:
                self._outbox.remove_reason(_destination(result), result.reason or "")
            self._flusher.flush()
            self._requeued.end(result.id for result in moved)

    def _undo(self, stayed: Sequence[RequeuedResult]) -> None:
        if stayed:
            self._requeued.undo(result.id for result in stayed)


def _destination(result: RequeuedResult) -> str:
    return destination_of(result.claim, result.destination)


def _portions(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    return (ids[start : start + AT_ONCE] for start in range(0, len(ids), AT_ONCE))
