"""The signals that end the daemon, and one that must not."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def stopped_by_signals(stop: threading.Event) -> Iterator[Callable[[Callable[[], object]], None]]:
    """SIGTERM and SIGINT set the event, and call what is given to the function this yields; nothing else."""
    wakers: list[Callable[[], object]] = []

    def ask_to_stop(_signal: int, _frame: object) -> None:
        stop.set()
        for wake in wakers:
            wake()

    before = {number: signal.signal(number, ask_to_stop) for number in (signal.SIGTERM, signal.SIGINT)}
    # Somebody opened a file for writing while its lease was tried: the kernel tells by this signal,
    # whose default is to end the process. The lease is let go at once anyway.
    before[signal.SIGIO] = signal.signal(signal.SIGIO, signal.SIG_IGN)
    try:
        yield wakers.append
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
