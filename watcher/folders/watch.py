"""The watchdog observer: says quickly that something came. What it says is a hint; only a sweep is sure."""

import os
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

_ARRIVALS: list[type[FileSystemEvent]] = [FileClosedEvent, FileCreatedEvent, FileMovedEvent]


@contextmanager
def watching(path: Path, notice: Callable[[str], object], *, recursive: bool) -> Iterator[None]:
    """While in the context, its own thread calls `notice` with the path of every file that may have come."""
    with _observer() as observer:
        observer.schedule(_Handler(notice), path, recursive=recursive, event_filter=_ARRIVALS)
        observer.start()
        try:
            yield
        finally:
            observer.stop()
            observer.join()


class _Handler(FileSystemEventHandler):
    """Does nothing but pass on paths: an exception or a wait here would stop all further events."""

    def __init__(self, notice: Callable[[str], object]) -> None:
        self._notice = notice

    def dispatch(self, event: FileSystemEvent) -> None:
        self._notice(os.fsdecode(event.dest_path or event.src_path))


@contextmanager
def _observer() -> Iterator[BaseObserver]:
    if platform.is_linux():
        with _arrival_observer() as observer:
            yield observer
    else:
        yield Observer()


@contextmanager
def _arrival_observer() -> Iterator[BaseObserver]:
    from watchdog.observers.inotify import InotifyEmitter  # noqa: PLC0415 - exists on Linux only
    from watchdog.observers.inotify_c import InotifyConstants, InotifyFD, Mask  # noqa: PLC0415

    class ArrivalEmitter(InotifyEmitter):
        """Asks the kernel only for what brings files in.

        watchdog holds every later event back for half a second when a file is renamed out of the folder,
        which is how files are claimed; without IN_MOVED_FROM it never learns of it.
        """

        def get_event_mask_from_filter(self) -> Mask:
            return Mask(
                InotifyConstants.IN_CLOSE_WRITE
                | InotifyConstants.IN_MOVED_TO
                | InotifyConstants.IN_CREATE
                | InotifyConstants.IN_DELETE_SELF
                | InotifyConstants.IN_MOVE_SELF
            )

    inotify = InotifyFD()
    inotify.start()
    try:
        yield BaseObserver(ArrivalEmitter, inotify_fd=inotify)
    finally:
        inotify.stop()
        with suppress(RuntimeError):
            inotify.join()
