"""The wake-up: any thread and any signal handler may set it, and one thread waits for it."""

from contextlib import suppress
from queue import Empty, SimpleQueue


class WakeUp:
    """An event that wakes one thread: once, however often it was set before."""

    def __init__(self) -> None:
        self._calls: SimpleQueue[None] = SimpleQueue()  # the only way to wait that a signal handler may end

    def set(self) -> None:
        """Wake the thread that waits, or the next one that does."""
        self._calls.put(None)

    def wait(self, seconds: float) -> bool:
        """Wait until it is set, at most `seconds`; False if it was not set."""
        try:
            self._calls.get(timeout=seconds) if seconds > 0 else self._calls.get_nowait()
        except Empty:
            return False
        with suppress(Empty):
            while True:
                self._calls.get_nowait()
        return True
