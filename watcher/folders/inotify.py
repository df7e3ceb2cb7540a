"""watchdog's inotify observer as we need it: no event held back, no loss and no death kept quiet."""

from collections.abc import Callable
from typing import Any

from watchdog.observers.api import BaseObserver
from watchdog.observers.inotify import InotifyEmitter
from watchdog.observers.inotify_c import InotifyConstants, InotifyEvent, InotifyFD, Mask


class ArrivalObserver(BaseObserver):
    """Tells what brings files in. Its threads call `lost` when events were lost, `died` when they die.

    watchdog's own holds every later event back for half a second when a file is renamed out of the folder,
    which is how files are claimed; it logs each overflow of the kernel's queue, thousands in a burst; and it
    goes on as if it lived when the threads it reads by are dead. Raises OSError where the system gives none.
    """

    def __init__(self, lost: Callable[[], object], died: Callable[[Exception], object]) -> None:
        self._reader = _Reader(lost, died)
        self._reader.start()
        super().__init__(_Emitter, inotify_fd=self._reader, died=died)

    def on_thread_stop(self) -> None:
        """Stop the threads it reads by."""
        super().on_thread_stop()
        self._reader.stop()
        self._reader.join()


class _Emitter(InotifyEmitter):
    def __init__(self, *args: Any, died: Callable[[Exception], object], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._died = died

    def get_event_mask_from_filter(self) -> Mask:
        """Without IN_MOVED_FROM, which is what the others would wait for."""
        return Mask(
            InotifyConstants.IN_CLOSE_WRITE
            | InotifyConstants.IN_MOVED_TO
            | InotifyConstants.IN_CREATE
            | InotifyConstants.IN_DELETE_SELF
            | InotifyConstants.IN_MOVE_SELF
        )

    def on_thread_stop(self) -> None:
        """Stop reading, but keep what is read from: watchdog logs an event that comes after that is gone."""
        if self._inotify is not None:
            self._inotify.deactivate()

    def run(self) -> None:
        """Pass on events until stopped."""
        try:
            super().run()
        except Exception as error:  # noqa: BLE001 - whatever it was, files must be found in another way
            self._died(error)


class _Reader(InotifyFD):
    def __init__(self, lost: Callable[[], object], died: Callable[[Exception], object]) -> None:
        super().__init__()
        self._lost = lost
        self._died = died

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
        except Exception as error:  # noqa: BLE001 - as above
            self._is_reading = False  # or `stop` would leave it to this thread to close what is open
            self._died(error)
