"""Lines for a reader that may be slow or gone: written without waiting, or dropped and counted."""

import select
import time
from collections import deque
from collections.abc import Callable
from threading import Lock

from watcher.monitoring.outlets import Outlet

BUFFER_BYTES = 64 * 1024
"""The most that is kept of what cannot be written yet."""


class LineWriter:
    """Writes each line whole or not at all. Never waits and never raises OSError. For any thread.

    Lines that cannot be written yet are kept, up to BUFFER_BYTES. If there is no room for one, or if writing
    fails, lines are dropped until everything that was kept is written. Then `notice` is called with the
    number of dropped lines. The line that it returns is written before all others; it may return None.
    """

    def __init__(self, outlet: Outlet, notice: Callable[[int], str | None], encoding: str = "utf-8") -> None:
        self.dropped = 0
        """How many lines were dropped since the start."""
        self._outlet = outlet
        self._notice = notice
        self._encoding = encoding
        self._lock = Lock()
        self._kept: deque[bytes] = deque()
        self._kept_bytes = 0
        self._rest = b""  # of a line or frame that was written in part; nothing else may come before it
        self._frame = b""
        self._unreported = 0
        self._is_broken = False

    def write(self, line: str) -> None:
        """Write a line that ends with a line break, keep it, or drop it."""
        data = self._encoded(line)
        with self._lock:
            is_free = self._go_on()
            if self._unreported or self._kept_bytes + len(data) > BUFFER_BYTES:
                self._drop(1)
                return
            self._kept.append(data)
            self._kept_bytes += len(data)
            if is_free:
                self._go_on()

    def draw(self, frame: str) -> None:
        """Write a frame of something that is redrawn. If that must wait, only the newest frame is kept."""
        with self._lock:
            self._frame = self._encoded(frame)
            self._go_on()

    def go_on(self) -> None:
        """Write what can be written of what was kept."""
        with self._lock:
            self._go_on()

    def finish(self, seconds: float) -> None:
        """Write what was kept, for this many seconds at most; drop the rest."""
        give_up = time.monotonic() + seconds
        with self._lock:
            room = select.poll()
            if self._outlet.descriptor is not None:
                room.register(self._outlet.descriptor, select.POLLOUT)
            while not self._go_on() and not self._is_broken and (left := give_up - time.monotonic()) > 0:
                room.poll(left * 1000)
            self._fail()

    def close(self) -> None:
        """Drop what was kept, and all that comes later."""
        with self._lock:
            self._fail()
            self._outlet.close()

    def _go_on(self) -> bool:
        """Write until nothing is left; False if something must still wait."""
        try:
            while data := self._rest or self._next():
                sent = self._outlet.send(data)
                if not sent:
                    return False
                if not self._rest:
                    self._taken()
                self._rest = data[sent:]
        except BlockingIOError:
            return False
        except OSError:
            self._fail()
            return False
        self._is_broken = False
        return True

    def _next(self) -> bytes:
        if self._kept:
            return self._kept[0]
        if self._unreported:
            notice = self._notice(self._unreported)
            if notice is not None:
                return self._encoded(notice)
            self._unreported = 0
        return self._frame

    def _taken(self) -> None:
        """What `_next` returned was written, at least in part."""
        if self._kept:
            self._kept_bytes -= len(self._kept.popleft())
        elif self._unreported:
            self._unreported = 0
        else:
            self._frame = b""

    def _fail(self) -> None:
        self._is_broken = True
        self._drop(len(self._kept))
        self._kept.clear()
        self._kept_bytes = 0
        self._frame = b""

    def _drop(self, lines: int) -> None:
        self.dropped += lines
        self._unreported += lines

    def _encoded(self, text: str) -> bytes:
        return text.encode(self._encoding, "backslashreplace")
