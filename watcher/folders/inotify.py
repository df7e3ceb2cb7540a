"""Linux's events for a folder, read with watchdog: without delay, with every loss and failure reported."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field

from watchdog.observers.inotify import InotifyWatchGroup
from watchdog.observers.inotify_c import (
    CallbackId,
    InotifyConstants,
    InotifyEvent,
    InotifyFD,
    Mask,
    WatchCallback,
    WatchDescriptor,
)
from watchdog.observers.inotify_move_event_grouper import InotifyMoveEventGrouper, PathedInotifyEvent

_ARRIVALS = Mask(InotifyConstants.IN_CLOSE_WRITE | InotifyConstants.IN_MOVED_TO | InotifyConstants.IN_CREATE)


class Inotify(InotifyFD):
    """Calls `receive` with the path of every file that may have come, from a thread of its own.

    It calls `lost` when events were lost, and `died` when its thread ends with an exception. Raises OSError
    if the system gives no events.

    watchdog's own observer passes each event through three threads. It delays an event by half a second after
    a file was renamed out of the folder, which is how files are claimed. It logs every overflow of the
    kernel's queue, thousands in a burst. And it seems alive when one of its threads is dead.
    """

    def __init__(
        self,
        receive: Callable[[str], object],
        lost: Callable[[], object],
        died: Callable[[Exception], object],
    ) -> None:
        super().__init__()
        self._receive = receive
        self._lost = lost
        self._died = died

    def watch(self, folder: str, *, recursive: bool) -> None:
        """Begin to watch; raises OSError if there is no such folder or the system refuses."""
        self.start()
        # With the slash, a link to a folder is followed.
        path = os.fsencode(os.path.join(folder, ""))
        _Folders(self, path, _ARRIVALS, is_recursive=recursive, receive=self._receive)

    def handle_event(self, event: InotifyEvent) -> None:
        """Handle an event from the kernel."""
        if event.is_queue_overflow:
            self._lost()
        else:
            super().handle_event(event)

    def run(self) -> None:
        """Read from the kernel until stopped."""
        try:
            super().run()
        except Exception as error:  # noqa: BLE001 - after any error, files must be found in another way
            self._is_reading = False  # otherwise `stop` would leave closing to this thread
            self._died(error)

    def _add_callback(
        self, path: bytes, mask: Mask, callback: WatchCallback, id_: CallbackId
    ) -> WatchDescriptor:
        """As watchdog's own, but without a warning if a folder is added again: it was renamed."""
        watch = self._get_or_create_watch(path, mask)
        watch.callbacks[id_] = callback
        return watch.wd


@dataclass
class _Folders(InotifyWatchGroup):
    """The inbox, and its subfolders if they are watched too."""

    receive: Callable[[str], object] = field(kw_only=True)

    def __post_init__(self) -> None:
        self._move_event_grouper = _Undelayed(self.receive)
        super().__post_init__()


class _Undelayed(InotifyMoveEventGrouper):
    """Passes events on at once, where watchdog would pair renames and queue all events."""

    def __init__(self, receive: Callable[[str], object]) -> None:
        super().__init__()
        self._receive = receive

    def put_event(self, event: PathedInotifyEvent) -> None:
        """Pass on the event of a file that may have come."""
        if event.ev.mask & _ARRIVALS and not event.ev.is_directory:
            self._receive(os.fsdecode(event.path))
