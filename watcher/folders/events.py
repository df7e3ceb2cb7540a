"""The watchdog observer: says quickly that something came. What it says is a hint; only a sweep is sure."""

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
    """A thread that is told of files by the system."""

    def watch(self, folder: str, *, recursive: bool) -> None: ...
    def is_alive(self) -> bool: ...
    def stop(self) -> None: ...
    def join(self) -> None: ...


class EventWatcher:
    """How the watch of a folder fares; `notice` is called with the path of every file that may have come.

    That is done by a thread of its own, which an exception in `notice` would end. Raises OSError where the
    system gives no events.
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
        """Why it tells nothing any more; None while it is well."""
        if self._death is not None:
            return repr(self._death)
        return None if self._source.is_alive() else "it ended by itself"

    @property
    def is_delivering(self) -> bool:
        """Whether events of the folder come, as far as `probe` has tried."""
        return self._canary_came.is_set()

    def has_lost_events(self) -> bool:
        """Whether there were more events than the system keeps, since this was asked last."""
        lost = self._lost.is_set()
        self._lost.clear()
        return lost

    def probe(self, patience: float) -> bool:
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
        """Begin; raises OSError where the folder is not there or the system refuses."""
        self._source.watch(os.fspath(self._path), recursive=recursive)

    def stop(self) -> None:
        """End, with all threads."""
        self._source.stop()
        with suppress(RuntimeError):  # it did not even start
            self._source.join()

    def _make_source(self) -> _Source:
        if not platform.is_linux():
            return _Observed(self._told)
        from watcher.folders.inotify import Inotify  # noqa: PLC0415 - exists on Linux only

        return Inotify(self._told, self._lost.set, self._died)

    def _died(self, error: Exception) -> None:
        self._death = error

    def _told(self, path: str) -> None:
        if os.path.basename(path) == CANARY:
            self._canary_came.set()
        self._notice(path)


@contextmanager
def watching(path: Path, notice: Callable[[str], object], *, recursive: bool) -> Iterator[EventWatcher]:
    """While in the context, the folder is watched. Raises OSError where it is not there, or no events are."""
    watch = EventWatcher(path, notice)
    try:
        watch.start(recursive=recursive)
        yield watch
    finally:
        watch.stop()


class _Observed(FileSystemEventHandler):
    """What other systems tell, by watchdog's own observer."""

    def __init__(self, told: Callable[[str], object]) -> None:
        self._observer = Observer()
        self._told = told

    def watch(self, folder: str, *, recursive: bool) -> None:
        arrivals: list[type[FileSystemEvent]] = [FileClosedEvent, FileCreatedEvent, FileMovedEvent]
        self._observer.schedule(self, folder, recursive=recursive, event_filter=arrivals)
        self._observer.start()

    def dispatch(self, event: FileSystemEvent) -> None:
        self._told(os.fsdecode(event.dest_path or event.src_path))

    def is_alive(self) -> bool:
        return all(thread.is_alive() for thread in (self._observer, *self._observer.emitters))

    def stop(self) -> None:
        self._observer.stop()

    def join(self) -> None:
        self._observer.join()
