"""File system events: they report new files quickly, but not reliably; only a sweep is sure."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

from watchdog.events import (
    FileClosedEvent,
    FileCreatedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer
from watchdog.utils import platform

CANARY = ".watcher-canary"


class _Source(Protocol):
    """A thread that receives the system's events."""

    def watch(self, folder: str, *, recursive: bool) -> None: ...
    def is_alive(self) -> bool: ...
    def stop(self) -> None: ...
    def join(self) -> None: ...


class EventWatcher:
    """Watches a folder; calls `notice` with the path of every file that may have come.

    A thread of its own does that; an exception in `notice` would end it. Raises OSError if the system gives
    no events.
    """

    def __init__(self, path: Path, notice: Callable[[str], object]) -> None:
        self._path = path
        self._notice = notice
        self._lost = threading.Event()
        self._canary_came = threading.Event()
        self._death: Exception | None = None
        self._source = self._make_source()

    @property
    def fault(self) -> str | None:
        """Why no events come any more; None while it works."""
        if self._death is not None:
            return repr(self._death)
        return None if self._source.is_alive() else "it ended by itself"

    @property
    def is_delivering(self) -> bool:
        """Whether the event of the last `probe` has come by now."""
        return self._canary_came.is_set()

    def has_lost_events(self) -> bool:
        """Whether the system has dropped events since the last call."""
        lost = self._lost.is_set()
        self._lost.clear()
        return lost

    def probe(self, patience: float) -> bool:
        """Make a hidden file and wait up to `patience` seconds for its event; returns whether it came.

        Raises OSError if no file can be made. On a network share, this machine's own changes give events and
        those of other machines do not; this test cannot show that.
        """
        self._canary_came.clear()
        canary = os.path.join(self._path, CANARY)
        os.close(os.open(canary, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
        with suppress(FileNotFoundError):
            os.unlink(canary)
        return self._canary_came.wait(patience)

    def start(self, *, recursive: bool) -> None:
        """Begin to watch; raises OSError if there is no such folder or the system refuses."""
        self._source.watch(os.fspath(self._path), recursive=recursive)

    def stop(self) -> None:
        """Stop all threads and wait for them."""
        self._source.stop()
        with suppress(RuntimeError):  # it was never started
            self._source.join()

    def _make_source(self) -> _Source:
        if not platform.is_linux():
            return _Observed(self._receive)
        from watcher.folders.inotify import Inotify  # noqa: PLC0415 - exists on Linux only

        return Inotify(self._receive, self._lost.set, self._died)

    def _died(self, error: Exception) -> None:
        self._death = error

    def _receive(self, path: str) -> None:
        if os.path.basename(path) == CANARY:
            self._canary_came.set()
        self._notice(path)


@contextmanager
def watching(path: Path, notice: Callable[[str], object], *, recursive: bool) -> Iterator[EventWatcher]:
    """Watch the folder in this context. Raises OSError if there is no such folder, or no events."""
    watch = EventWatcher(path, notice)
    try:
        watch.start(recursive=recursive)
        yield watch
    finally:
        watch.stop()


class _Observed(FileSystemEventHandler):
    """The events of other systems than Linux, from watchdog's own observer."""

    def __init__(self, receive: Callable[[str], object]) -> None:
        self._observer = Observer()
        self._receive = receive

    def watch(self, folder: str, *, recursive: bool) -> None:
        arrivals: list[type[FileSystemEvent]] = [FileClosedEvent, FileCreatedEvent, FileMovedEvent]
        self._observer.schedule(self, folder, recursive=recursive, event_filter=arrivals)
        self._observer.start()

    def dispatch(self, event: FileSystemEvent) -> None:
        self._receive(os.fsdecode(event.dest_path or event.src_path))

    def is_alive(self) -> bool:
        return all(thread.is_alive() for thread in (self._observer, *self._observer.emitters))

    def stop(self) -> None:
        self._observer.stop()

    def join(self) -> None:
        self._observer.join()
