"""A bell that any thread and any signal handler may ring, and one thread waits for."""

from contextlib import suppress
from queue import Empty, SimpleQueue


class WakeUp:
    """However often it was rung, it is heard once."""

    def __init__(self) -> None:
        self._rung: SimpleQueue[None] = SimpleQueue()  # the one way to wait that a signal handler may end

    def ring(self) -> None:
        """Wake who waits, or the next who does."""
        self._rung.put(None)

    def wait(self, seconds: float) -> bool:
        """Whether it is rung within so many seconds."""
        try:
            self._rung.get(timeout=seconds) if seconds > 0 else self._rung.get_nowait()
        except Empty:
            return False
        with suppress(Empty):
            while True:
                self._rung.get_nowait()
        return True
