"""The signals that stop the daemon or have it read its settings again, and one that must not end it."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event

from watcher.pipeline.wakeup import WakeUp


@dataclass(frozen=True, slots=True)
class SignalRequests:
    """What signals asked the daemon to do."""

    stop: Event = field(default_factory=Event)
    reload: Event = field(default_factory=Event)


@contextmanager
def signal_requests(wake_up: WakeUp, *, on_terminal: bool) -> Iterator[SignalRequests]:
    """SIGTERM and SIGINT ask to stop, SIGHUP to reload; each sets `wake_up`.

    On a terminal, SIGHUP says that it was closed, and asks to stop.
    """
    requests = SignalRequests()
    hang_up = requests.stop if on_terminal else requests.reload
    meanings = {signal.SIGTERM: requests.stop, signal.SIGINT: requests.stop, signal.SIGHUP: hang_up}

    def ask(number: int, _frame: object) -> None:
        meanings[signal.Signals(number)].set()
        wake_up.set()

    before = {number: signal.signal(number, ask) for number in meanings}
    # Somebody opened a file for writing while its lease was tried: the kernel says so by this signal, which
    # ends a process by default. The lease is given up at once anyway.
    before[signal.SIGIO] = signal.signal(signal.SIGIO, signal.SIG_IGN)
    try:
        yield requests
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
