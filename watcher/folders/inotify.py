"""What Linux tells of a folder, read by watchdog: at once, and with no loss and no death kept quiet."""

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
    """Calls `told` with the path of every file that may have come, from a thread of its own.

    watchdog's own observer passes each event through three threads, and holds it back for half a second when
    a file was renamed out of the folder before, which is how files are claimed. It logs every overflow of the
    kernel's queue, thousands in a burst, and goes on as if it lived when a thread of its own is dead. This
    calls `lost` when events were lost, and `died` when it dies. Raises OSError where the system gives none.
    """

    def __init__(
        self,
        told: Callable[[str], object],
        lost: Callable[[], object],
        died: Callable[[Exception], object],
    ) -> None:
        super().__init__()
        self._told = told
        self._lost = lost
        self._died = died

    def watch(self, folder: str, *, recursive: bool) -> None:
        """Begin; raises OSError where the folder is not there or the system refuses."""
        self.start()
        # The slash has a link to a folder followed.
        path = os.fsencode(os.path.join(folder, ""))
        _Folders(self, path, _ARRIVALS, is_recursive=recursive, told=self._told)

    def handle_event(self, event: InotifyEvent) -> None:
        """Pass on what the kernel tells."""
        if event.is_queue_overflow:
            self._lost()
        else:
            super().handle_event(event)

    def run(self) -> None:
        """Read from the kernel until stopped."""
        try:
            super().run()
        except Exception as error:  # noqa: BLE001 - whatever it was, files must be found in another way
            self._is_reading = False  # or `stop` would leave it to this thread to close what is open
            self._died(error)

    def _add_callback(
        self, path: bytes, mask: Mask, callback: WatchCallback, id_: CallbackId
    ) -> WatchDescriptor:
        """As watchdog's, but a folder that is added again has been renamed, which is worth no warning."""
        watch = self._get_or_create_watch(path, mask)
        watch.callbacks[id_] = callback
        return watch.wd


@dataclass
class _Folders(InotifyWatchGroup):
    """The inbox, and its subfolders where they are watched too."""

    told: Callable[[str], object] = field(kw_only=True)

    def __post_init__(self) -> None:
        self._move_event_grouper = _PassedOn(self.told)
        super().__post_init__()


class _PassedOn(InotifyMoveEventGrouper):
    """Where watchdog pairs renames and queues all events, they are passed on at once."""

    def __init__(self, told: Callable[[str], object]) -> None:
        super().__init__()
        self._told = told

    def put_event(self, event: PathedInotifyEvent) -> None:
        """Tell of a file."""
        if event.ev.mask & _ARRIVALS and not event.ev.is_directory:
            self._told(os.fsdecode(event.path))
