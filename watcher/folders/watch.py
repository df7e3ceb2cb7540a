"""The watchdog observer: says quickly that something came. What it says is a hint; only a sweep is sure."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from watchdog.events import (
    FileClosedEvent,
    FileCreatedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver
from watchdog.utils import platform

CANARY = ".watcher-canary"

_ARRIVALS: list[type[FileSystemEvent]] = [FileClosedEvent, FileCreatedEvent, FileMovedEvent]


class Watch:
    """How an observer of a folder fares; made by `watching`."""

    def __init__(self, path: Path, notice: Callable[[str], object]) -> None:
        self._path = path
        self._notice = notice
        self._lost = threading.Event()
        self._canary_came = threading.Event()
        self._death: Exception | None = None
        self._observer = self._make_observer()

    @property
    def fault(self) -> str | None:
        """Why it tells nothing any more; None while it is well."""
        if self._death is not None:
            return repr(self._death)
        threads = (self._observer, *self._observer.emitters)
        return None if all(thread.is_alive() for thread in threads) else "it ended by itself"

    def has_lost_events(self) -> bool:
        """Whether there were more events than the system keeps, since this was asked last."""
        lost = self._lost.is_set()
        self._lost.clear()
        return lost

    @property
    def has_told(self) -> bool:
        """Whether the folder's events come, as far as `delivers` has tried."""
        return self._canary_came.is_set()

    def delivers(self, patience: float) -> bool:
        """Whether events of the folder come, tried with a hidden file; waits at most so many seconds.

        Raises OSError where no file can be made. In a folder that machines share, what this one does is told
        and what the others do is not: that cannot be tried from here.
        """
        self._canary_came.clear()
        canary = os.path.join(self._path, CANARY)
        os.close(os.open(canary, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
        with suppress(FileNotFoundError):
            os.unlink(canary)
        return self._canary_came.wait(patience)

    def start(self, *, recursive: bool) -> None:
        """Begin; raises OSError where the folder is not there or the system gives no events."""
        # The slash has a link to a folder followed.
        folder = os.path.join(self._path, "")
        self._observer.schedule(_Handler(self._told), folder, recursive=recursive, event_filter=_ARRIVALS)
        self._observer.start()

    def stop(self) -> None:
        """End, with all threads."""
        self._observer.stop()
        with suppress(RuntimeError):  # it did not even start
            self._observer.join()

    def _make_observer(self) -> BaseObserver:
        if not platform.is_linux():
            return Observer()
        from watcher.folders.inotify import ArrivalObserver  # noqa: PLC0415 - exists on Linux only

        return ArrivalObserver(self._lost.set, self._died)

    def _died(self, error: Exception) -> None:
        self._death = error

    def _told(self, path: str) -> None:
        if os.path.basename(path) == CANARY:
            self._canary_came.set()
        self._notice(path)


@contextmanager
def watching(path: Path, notice: Callable[[str], object], *, recursive: bool) -> Iterator[Watch]:
    """While in the context, its own thread calls `notice` with the path of every file that may have come.

    Raises OSError where the folder is not there or the system gives no events.
    """
    watch = Watch(path, notice)
    try:
        watch.start(recursive=recursive)
        yield watch
    finally:
        watch.stop()


class _Handler(FileSystemEventHandler):
    """Does nothing but pass on paths: an exception or a wait here would stop all further events."""

    def __init__(self, notice: Callable[[str], object]) -> None:
        self._notice = notice

    def dispatch(self, event: FileSystemEvent) -> None:
        self._notice(os.fsdecode(event.dest_path or event.src_path))
