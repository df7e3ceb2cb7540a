"""The signals that end the daemon or have it read its settings anew, and one that must not end it."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event


@dataclass(frozen=True, slots=True)
class Asked:
    """What the daemon was asked to do by signals; `wake` is called whenever it is asked for something."""

    stop: Event = field(default_factory=Event)
    reload: Event = field(default_factory=Event)
    wakers: list[Callable[[], object]] = field(default_factory=list)

    def to(self, what: Event) -> None:
        """Ask for one of the two."""
        what.set()
        for wake in self.wakers:
            wake()


@contextmanager
def asked_by_signals(*, on_terminal: bool) -> Iterator[Asked]:
    """SIGTERM and SIGINT ask to stop, SIGHUP to reload; of a terminal it says that this was closed."""
    asked = Asked()
    hang_up = asked.stop if on_terminal else asked.reload
    meanings = {signal.SIGTERM: asked.stop, signal.SIGINT: asked.stop, signal.SIGHUP: hang_up}

    def ask(number: int, _frame: object) -> None:
        asked.to(meanings[signal.Signals(number)])

    before = {number: signal.signal(number, ask) for number in meanings}
    # Somebody opened a file for writing while its lease was tried: the kernel tells by this signal,
    # whose default is to end the process. The lease is let go at once anyway.
    before[signal.SIGIO] = signal.signal(signal.SIGIO, signal.SIG_IGN)
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
