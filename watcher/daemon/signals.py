"""The signals that end the daemon or have it read its settings anew, and one that must not end it."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event


@dataclass(frozen=True, slots=True)
class SignalRequests:
    """What signals asked the daemon to do; `wake` is called with every request."""

    stop: Event = field(default_factory=Event)
    reload: Event = field(default_factory=Event)
    wakers: list[Callable[[], object]] = field(default_factory=list)

    def to(self, what: Event) -> None:
        """Ask for one of the two."""
        what.set()
        for wake in self.wakers:
            wake()


@contextmanager
def signal_requests(*, on_terminal: bool) -> Iterator[SignalRequests]:
    """SIGTERM and SIGINT ask to stop, SIGHUP to reload; of a terminal it says that this was closed."""
    requests = SignalRequests()
    hang_up = requests.stop if on_terminal else requests.reload
    meanings = {signal.SIGTERM: requests.stop, signal.SIGINT: requests.stop, signal.SIGHUP: hang_up}

    def ask(number: int, _frame: object) -> None:
        requests.to(meanings[signal.Signals(number)])

    before = {number: signal.signal(number, ask) for number in meanings}
    # Somebody opened a file for writing while its lease was tried: the kernel tells by this signal,
    # whose default is to end the process. The lease is let go at once anyway.
    before[signal.SIGIO] = signal.signal(signal.SIGIO, signal.SIG_IGN)
    try:
        yield requests
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
