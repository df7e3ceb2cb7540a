"""The inbox looked after: whether it is there and our own, and going on when it has been lost and is back."""

import errno
import os

from watcher.daemon.inbox_watcher import InboxWatcher
from watcher.errors import WatcherError
from watcher.folders.inbox_lock import InboxLock
from watcher.monitoring.faults import Condition, Conditions
from watcher.pipeline.resumption import Resumption
from watcher.text import error_text, name_as_text

_GONE = {errno.ENOENT, errno.ENOTDIR, errno.ESTALE}


class InboxGuard:
    """Whoever uses it calls `check` every `inbox_watcher.pace` seconds, from one thread."""

    def __init__(
        self, lock: InboxLock, watcher: InboxWatcher, resumption: Resumption, conditions: Conditions
    ) -> None:
        self._lock = lock
        self._watcher = watcher
        self._resumption = resumption
        self._absence = Condition(conditions, "inbox lost", "inbox back")
        self._inbox = name_as_text(str(lock.inbox))
        self._is_lost = False
        self._fault = ""
        self._more: dict[str, object] = {}

    @property
    def fault(self) -> str:
        """Why the inbox was lost last."""
        return self._fault

    def check(self) -> bool:
        """Mend what can be mended. Whether the inbox is there."""
        fault = self._lock.fault()
        if fault is not None and not self._is_lost:
            self._lose(fault)
        if self._is_lost and not self._is_regained(by_taking=fault is not None):
            return False
        self._watcher.check()
        return True

    def explains(self, error: OSError) -> bool:
        """Whether an error comes of the inbox being lost, or having been lost for a moment."""
        fault = self._lock.fault()
        if fault is None and error.errno in _GONE and error.filename2 is None:  # nothing between two folders
            fault = error_text(error)
        if fault is not None:
            self._lose(fault)
        return fault is not None

    def _lose(self, fault: str) -> None:
        self._is_lost = True
        self._fault = fault
        self._more = {"inbox": self._inbox, "in_hand": self._resumption.give_up()}
        now_at = self._lock.whereabouts()
        if now_at is not None and now_at != os.path.realpath(self._lock.inbox):
            self._more["now_at"] = name_as_text(now_at)
        self._watcher.stop()

    def _is_regained(self, *, by_taking: bool) -> bool:
        """Try to take the inbox again, and to go on with what was in hand."""
        try:
            if by_taking:
                self._lock.take()
            self._resumption.take_up()
        except (OSError, WatcherError) as error:
            self._absence.raise_(
                error_text(error), **self._more, do="put it back or make it anew; it is tried every second"
            )
            return False
        if not self._absence.is_on:  # it is back before anything was said
            self._absence.raise_(self._fault, **self._more)
        self._absence.clear(inbox=self._inbox)
        self._is_lost = False
        return True
