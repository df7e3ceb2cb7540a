"""Whether somebody is still writing a file."""

import errno
import fcntl
import os
import time
from collections.abc import Callable, Iterable

# The kernel refuses a read lease with EAGAIN while anybody has the file open for writing. Any other refusal
# means that it cannot say: the file belongs to another user, or lies on a network share.
_BEING_WRITTEN = errno.EAGAIN


class CompletenessCheck:
    """Checks whether a file is complete: by a lease if the system grants one, otherwise by a quiet time."""

    def __init__(self, quiet_seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.quiet_seconds = quiet_seconds
        self._clock = clock
        self._seen: dict[str, tuple[tuple[int, int, int], float]] = {}

    def is_being_written(self, descriptor: int, path: str, status: os.stat_result) -> bool:
        """Whether the open file may still change. Without a lease: until it was quiet for `quiet_seconds`."""
        is_open = is_open_for_writing(descriptor)
        return not self.is_quiet(path, status) if is_open is None else is_open

    def __contains__(self, path: str) -> bool:
        """Whether this file's quiet time is still being measured."""
        return path in self._seen

    def forget(self, path: str) -> None:
        """Forget a file that is gone or claimed."""
        self._seen.pop(path, None)

    def keep_only(self, paths: Iterable[str]) -> None:
        """Forget every file that is not among these."""
        self._seen = {path: self._seen[path] for path in paths if path in self._seen}

    def is_quiet(self, path: str, status: os.stat_result) -> bool:
        """Whether the file has not changed for the quiet time, as far as the calls so far show."""
        now = self._clock()
        state = (status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        before, since = self._seen.get(path, (None, now))
        if before != state:
            self._seen[path] = (state, now)
            since = now
        return now - since >= self.quiet_seconds


def is_open_for_writing(descriptor: int) -> bool | None:
    """Whether anybody has the open file open for writing; None if the system does not say."""
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except OSError as error:
        return True if error.errno == _BEING_WRITTEN else None
    fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return False
