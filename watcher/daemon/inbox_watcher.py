"""Looking out for arrivals: the system's events while there are any, sweeps at all times."""

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
"""How often a folder is looked at that does not tell of its files."""
THOROUGH_SECONDS = 5.0
"""How often it is looked through even though it seems unchanged: a network share may say so late."""
PATIENCE = 1.0
"""How long an event may take to count as delivered; they come within milliseconds, or not at all."""
ANEW_SECONDS = 10.0
"""How long after a refusal the system is asked for events again."""


class InboxWatcher:
    """Sees to it that the door learns of all that comes; events from threads of their own, calling `wake`.

    All else is for one thread, which calls `check` every `pace` seconds.
    """

    def __init__(
        self, settings: InboxSettings, door: Arrivals, wake: Callable[[], object], conditions: Conditions
    ) -> None:
        self._settings = settings
        self._arrivals = door
        self._wake = wake
        self._watch: EventWatcher | None = None
        self._silence = Condition(conditions, "no events; polling instead", "events again")
        self._loss = Condition(conditions, "events lost; sweeping instead", "events complete again")
        self._next_try = 0.0
        self._next_sweep = 0.0
        self._next_thorough = 0.0

    def adopt(self, settings: InboxSettings) -> None:
        """Go by other settings from now on: how often it is looked through. All else stays as it began."""
        self._settings = settings
        self._next_sweep = 0.0

    @property
    def pace(self) -> float:
        """Seconds until the next check."""
        return min(self._settings.sweep_seconds, CHECK_SECONDS if self._hears else POLL_SECONDS)

    def start(self) -> None:
        """Begin. Raises WatcherError where the settings insist on events and there are none."""
        fault = None if self._settings.polling is True else self._listen()
        if fault is not None and self._settings.polling is False:
            self.stop()
            raise WatcherError(
                f"the system tells of no files in {printable(str(self._settings.path))}: {fault}; "
                'to do without, write `polling = "auto"` under [inbox] of config.toml'
            )
        self._tell_silence(fault)

    def check(self) -> None:
        """Mend what is broken, and sweep when it is time, or when something came that was not told."""
        is_complete = self._settings.polling is True or self._is_complete()
        now = time.monotonic()
        if is_complete and now < self._next_sweep:
            return
        is_thorough = not is_complete or now >= self._next_thorough
        self._arrivals.sweep(thorough=is_thorough)
        self._next_sweep = now + (self._settings.sweep_seconds if self._hears else self.pace)
        if is_thorough:
            self._next_thorough = now + THOROUGH_SECONDS

    def stop(self) -> None:
        """End; what was hinted at is forgotten, and the next check begins anew."""
        self._deafen()
        self._arrivals.forget()
        self._next_try = self._next_sweep = self._next_thorough = 0.0

    @property
    def _hears(self) -> bool:
        return self._watch is not None and not self._silence.is_on

    def _is_complete(self) -> bool:
        """Whether all that came since the last time was told."""
        lost = self._arrivals.has_lost_hints()
        if self._watch is not None:
            lost |= self._watch.has_lost_events()
            fault = self._watch.fault
            if fault is not None:
                self._tell_silence(f"what was to report them broke down: {fault}")
            elif self._watch.is_delivering:
                self._tell_silence(None)
            if fault is not None or (lost and self._settings.recursive):
                # Among what was lost may be new subfolders, which this one would never report.
                self._deafen()
                self._next_try = 0.0
        if lost:
            self._loss.raise_("more came at once than can be kept in mind")
        else:
            self._loss.clear()
        if self._watch is None and time.monotonic() >= self._next_try:
            self._tell_silence(self._listen())
            return False
        return not lost

    def _listen(self) -> str | None:
        """Begin to listen; why there is nothing to hear, None where there is."""
        self._next_try = time.monotonic() + ANEW_SECONDS
        try:
            watch = EventWatcher(self._settings.path, self._notice)
            try:
                watch.start(recursive=self._settings.recursive)
            except BaseException:
                watch.stop()
                raise
        except OSError as error:
            return error.strerror or str(error)
        except RecursionError:
            return "its folders lie too deep in one another"
        self._watch = watch
        try:
            is_delivering = watch.probe(PATIENCE)
        except OSError:
            return None  # no file can be made in it, so it cannot be tried
        return None if is_delivering else f"a hidden file was not told of within {PATIENCE:g} s"

    def _deafen(self) -> None:
        if self._watch is not None:
            self._watch.stop()
            self._watch = None

    def _notice(self, path: str) -> None:
        self._arrivals.notice(path)
        self._wake()

    def _tell_silence(self, fault: str | None) -> None:
        if fault is None:
            self._silence.clear()
        else:
            self._silence.raise_(fault, inbox=name_as_text(str(self._settings.path)))
