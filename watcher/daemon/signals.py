"""The signals that stop the daemon or reload its settings, and one that it ignores."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event

from watcher.pipeline.wakeup import WakeUp


@dataclass(frozen=True, slots=True)
class SignalRequests:
    """What signals have asked the daemon to do."""

    stop: Event = field(default_factory=Event)
    reload: Event = field(default_factory=Event)


@contextmanager
def signal_requests(wake_up: WakeUp, *, on_terminal: bool) -> Iterator[SignalRequests]:
    """While in the context, SIGTERM and SIGINT ask to stop, SIGHUP to reload; each sets `wake_up`.

    On a terminal, SIGHUP means that the terminal was closed, and asks to stop.
    """
    requests = SignalRequests()
    hang_up = requests.stop if on_terminal else requests.reload
    meanings = {signal.SIGTERM: requests.stop, signal.SIGINT: requests.stop, signal.SIGHUP: hang_up}

    def ask(number: int, _frame: object) -> None:
        meanings[signal.Signals(number)].set()
        wake_up.set()

    before = {number: signal.signal(number, ask) for number in meanings}
    # The kernel sends SIGIO if a program opens a file for writing while we hold a lease on it. By default it
    # ends the process. The lease is given up at once anyway.
    before[signal.SIGIO] = signal.signal(signal.SIGIO, signal.SIG_IGN)
    try:
        yield requests
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
