"""Watching the inbox: the system's events report arrivals quickly, and sweeps find all of them."""

import time
from collections.abc import Callable

from watcher.config.settings import InboxSettings
from watcher.errors import WatcherError
from watcher.folders.arrivals import Arrivals
from watcher.folders.events import EventWatcher
from watcher.monitoring.faults import Condition, Conditions
from watcher.text import name_as_text, printable

CHECK_SECONDS = 1.0
POLL_SECONDS = 0.25
"""Seconds between two sweeps while there are no events."""
THOROUGH_SECONDS = 5.0
"""Seconds after which the folder is swept even if it seems unchanged: a network share may report late."""
PATIENCE = 1.0
"""Seconds to wait for a test event. Events come within milliseconds, or not at all."""
LISTEN_AGAIN_SECONDS = 10.0
"""Seconds after a refusal until the system is asked for events again."""


class InboxWatcher:
    """Reports all that comes to the arrivals. Events come from threads of their own, and call `wake`.

    Everything else is for one thread, which calls `check` every `pace` seconds.
    """

    def __init__(
        self, settings: InboxSettings, arrivals: Arrivals, wake: Callable[[], object], conditions: Conditions
    ) -> None:
        self._settings = settings
        self._arrivals = arrivals
        self._wake = wake
        self._events: EventWatcher | None = None
        self._no_events = Condition(conditions, "no events; polling instead", "events again")
        self._lost_events = Condition(conditions, "events lost; sweeping instead", "events complete again")
        self._next_try = 0.0
        self._next_sweep = 0.0
        self._next_thorough = 0.0

    def adopt(self, settings: InboxSettings) -> None:
        """Sweep as often as these settings say from now on. Their other values count from the next start."""
        self._settings = settings
        self._next_sweep = 0.0

    @property
    def pace(self) -> float:
        """Seconds until the next check."""
        return min(self._settings.sweep_seconds, CHECK_SECONDS if self._has_events else POLL_SECONDS)

    def start(self) -> None:
        """Begin to listen. Raises WatcherError if there are no events and the settings forbid polling."""
        fault = None if self._settings.polling is True else self._start_listening()
        if fault is not None and self._settings.polling is False:
            self.stop()
            raise WatcherError(
                f"the system reports no files in {printable(str(self._settings.path))}: {fault}; "
                'to work without events, write `polling = "auto"` under [inbox] in config.toml'
            )
        self._report(fault)

    def check(self) -> None:
        """Repair what listens for events if it is broken, and sweep if that is due or events were lost."""
        is_complete = self._settings.polling is True or self._is_complete()
        now = time.monotonic()
        if is_complete and now < self._next_sweep:
            return
        is_thorough = not is_complete or now >= self._next_thorough
        self._arrivals.sweep(thorough=is_thorough)
        self._next_sweep = now + (self._settings.sweep_seconds if self._has_events else self.pace)
        if is_thorough:
            self._next_thorough = now + THOROUGH_SECONDS

    def stop(self) -> None:
        """Stop listening and forget all hints; the next check starts again."""
        self._stop_listening()
        self._arrivals.forget()
        self._next_try = self._next_sweep = self._next_thorough = 0.0

    @property
    def _has_events(self) -> bool:
        return self._events is not None and not self._no_events.is_on

    def _is_complete(self) -> bool:
        """Whether events have reported all that came since the last check."""
        lost = self._arrivals.has_lost_hints()
        if self._events is not None:
            lost |= self._events.has_lost_events()
            fault = self._events.fault
            if fault is not None:
                self._report(f"the thread that reports them failed: {fault}")
            elif self._events.is_delivering:
                self._report(None)
            if fault is not None or (lost and self._settings.recursive):
                # Among what was lost may be new subfolders, which this one would never report.
                self._stop_listening()
                self._next_try = 0.0
        if lost:
            self._lost_events.raise_("more came at once than can be remembered")
        else:
            self._lost_events.clear()
        if self._events is None and time.monotonic() >= self._next_try:
            self._report(self._start_listening())
            return False
        return not lost

    def _start_listening(self) -> str | None:
        """Begin to listen. Returns why there are no events, or None if there are."""
        self._next_try = time.monotonic() + LISTEN_AGAIN_SECONDS
        try:
            events = EventWatcher(self._settings.path, self._notice)
            try:
                events.start(recursive=self._settings.recursive)
            except BaseException:
                events.stop()
                raise
        except OSError as error:
            return error.strerror or str(error)
        except RecursionError:
            return "its folders are nested too deep"
        self._events = events
        try:
            delivers = events.probe(PATIENCE)
        except OSError:
            return None  # no test file can be made in it
        return None if delivers else f"a hidden test file was not reported within {PATIENCE:g} s"

    def _stop_listening(self) -> None:
        if self._events is not None:
            self._events.stop()
            self._events = None

    def _notice(self, path: str) -> None:
        self._arrivals.notice(path)
        self._wake()

    def _report(self, fault: str | None) -> None:
        if fault is None:
            self._no_events.clear()
        else:
            self._no_events.raise_(fault, inbox=name_as_text(str(self._settings.path)))
