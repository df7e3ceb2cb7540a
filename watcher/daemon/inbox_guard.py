"""The guard of the inbox: it notices that the inbox is lost, and resumes work once the inbox is back."""

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
    """Call `check` every `InboxWatcher.pace` seconds, from one thread."""

    def __init__(
        self, lock: InboxLock, watcher: InboxWatcher, resumption: Resumption, conditions: Conditions
    ) -> None:
        self._lock = lock
        self._watcher = watcher
        self._resumption = resumption
        self._loss = Condition(conditions, "inbox lost", "inbox back")
        self._inbox = name_as_text(str(lock.inbox))
        self._is_lost = False
        self._fault = ""
        self._details: dict[str, object] = {}

    @property
    def fault(self) -> str:
        """Why the inbox was last lost."""
        return self._fault

    def check(self) -> bool:
        """See whether the inbox is there, and sweep it if that is due. If it is lost, try to get it back."""
        fault = self._lock.fault()
        if fault is not None and not self._is_lost:
            self._mark_lost(fault)
        if self._is_lost and not self._try_to_regain(by_taking=fault is not None):
            return False
        self._watcher.check()
        return True

    def notices_loss(self, error: OSError) -> bool:
        """Whether an error comes from losing the inbox, even for a moment; if so, it counts as lost."""
        fault = self._lock.fault()
        if fault is None and error.errno in _GONE and error.filename2 is None:  # nothing between two folders
            fault = error_text(error)
        if fault is not None:
            self._mark_lost(fault)
        return fault is not None

    def _mark_lost(self, fault: str) -> None:
        self._is_lost = True
        self._fault = fault
        self._details = {"inbox": self._inbox, "in_hand": self._resumption.abandon()}
        now_at = self._lock.current_path()
        if now_at is not None and now_at != os.path.realpath(self._lock.inbox):
            self._details["now_at"] = name_as_text(now_at)
        self._watcher.stop()

    def _try_to_regain(self, *, by_taking: bool) -> bool:
        """Try to take the inbox again and resume what was claimed; False if that fails."""
        try:
            if by_taking:
                self._lock.take()
            self._resumption.resume()
        except (OSError, WatcherError) as error:
            self._loss.raise_(
                error_text(error),
                **self._details,
                do="put it back or make a new one; this checks every second",
            )
            return False
        if not self._loss.is_on:  # it is back before the loss was logged
            self._loss.raise_(self._fault, **self._details)
        self._loss.clear(inbox=self._inbox)
        self._is_lost = False
        return True
