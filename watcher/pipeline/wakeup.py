"""A wake-up call: any thread and any signal handler may give it, and one thread waits for it."""

from contextlib import suppress
from queue import Empty, SimpleQueue


class WakeUp:
    """However often it is set, it wakes once."""

    def __init__(self) -> None:
        self._calls: SimpleQueue[None] = SimpleQueue()  # the one way to wait that a signal handler may end

    def set(self) -> None:
        """Wake the thread that waits, or the next one that does."""
        self._calls.put(None)

    def wait(self, seconds: float) -> bool:
        """Whether it is set within so many seconds."""
        try:
            self._calls.get(timeout=seconds) if seconds > 0 else self._calls.get_nowait()
        except Empty:
            return False
        with suppress(Empty):
            while True:
                self._calls.get_nowait()
        return True
