"""The daemon's loop: watch the inboxes until stopped, or empty them once."""

import gc
import time
from collections.abc import Callable, Mapping, Sequence

from structlog.typing import FilteringBoundLogger

from watcher.config.settings import Config
from watcher.daemon.heartbeat import Heartbeat, Workload
from watcher.daemon.log_lines import PictureLog
from watcher.daemon.reload import SettingsReloader
from watcher.daemon.signals import SignalRequests
from watcher.daemon.watched_inbox import WatchedInbox
from watcher.errors import WatcherError
from watcher.pipeline.wakeup import WakeUp

ONCE_PATIENCE = 10.0
"""Seconds for which `--once` waits for files that are still being written, and for faults to pass."""
TASK_SECONDS = 1.0
"""Seconds between two rounds of the regular tasks."""
LONGEST_WAIT = 1.0
"""Seconds after which `--once` looks again, even if nothing wakes it."""
STOP_PATIENCE = 2.0
"""Seconds for which a stop retries pictures that went wrong, and waits for faults to pass."""


class Daemon:
    """The loop over all inboxes; `assembly` makes it. For one thread.

    `tasks` are called once a second. `adopters` are called with settings that were read again. `facts` are
    the fields of the event "ready".
    """

    def __init__(  # noqa: PLR0913, PLR0917 - the parts it brings together
        self,
        inboxes: Sequence[WatchedInbox],
        pictures: PictureLog,
        heartbeat: Heartbeat,
        requests: SignalRequests,
        wake_up: WakeUp,
        reloader: SettingsReloader,
        logger: FilteringBoundLogger,
        tasks: Sequence[Callable[[], object]],
        adopters: Sequence[Callable[[Config], object]],
        facts: Mapping[str, object],
    ) -> None:
        self._inboxes = inboxes
        self._pictures = pictures
        self._heartbeat = heartbeat
        self._stop = requests.stop
        self._reload = requests.reload
        self._wake_up = wake_up
        self._reloader = reloader
        self._logger = logger
        self._tasks = tasks
        self._adopters = adopters
        self._facts = facts
        self._next_tasks = time.monotonic() + TASK_SECONDS

    def watch(self) -> None:
        """Sort what lies in the inboxes and all that comes, until asked to stop."""
        for inbox in self._inboxes:
            inbox.start()
        self._logger.info("ready", **self._facts)
        gc.freeze()  # otherwise a collection goes through everything that was loaded, and pictures wait
        self._heartbeat.ready()
        while not self._stop.is_set():
            self._reload_if_asked()
            for inbox in self._inboxes:
                inbox.check()
            self._step(min(inbox.until_check() for inbox in self._inboxes))

    def empty(self) -> None:
        """Sort until a whole sweep finds nothing, and wait a while for files that are still being written.

        Raises WatcherError if the inbox is lost, or if a fault lasts longer than ONCE_PATIENCE.
        """
        self._heartbeat.ready()
        count, give_up = self._pictures.count, time.monotonic() + ONCE_PATIENCE
        while not self._stop.is_set():
            before = self._pictures.count
            for inbox in self._inboxes:
                inbox.sweep()
            while not self._stop.is_set() and not all(inbox.is_done for inbox in self._inboxes):
                if self._pictures.count > count:
                    count, give_up = self._pictures.count, time.monotonic() + ONCE_PATIENCE
                elif time.monotonic() > give_up and all(
                    inbox.is_done or inbox.is_waiting for inbox in self._inboxes
                ):
                    break
                self._step(LONGEST_WAIT)
                self._require_progress()
            if self._pictures.count == before:
                unfinished = sum(inbox.unfinished for inbox in self._inboxes)
                if not unfinished:
                    return
                if time.monotonic() > give_up:
                    self._logger.warning("left in the inbox: still being written", files=unfinished)
                    return
                self._wait(0.05)

    def finish(self) -> None:
        """Claim nothing more, and finish what is claimed.

        Suspects and pictures that a fault holds up get STOP_PATIENCE. After that they are left to the next
        start.
        """
        self._logger.info("stopping")
        self._heartbeat.stopping()
        for inbox in self._inboxes:
            inbox.outage.try_now()
        give_up = time.monotonic() + STOP_PATIENCE
        while self._claimed():
            is_late = time.monotonic() > give_up
            if is_late and not any(inbox.is_working for inbox in self._inboxes):
                break
            self._step(0.2, taking=False, retrying=not is_late)
        left = {"left_claimed": self._claimed()} if self._claimed() else {}
        self._logger.info("stopped", pictures=self._pictures.count, **self._pictures.tally, **left)

    def _step(self, timeout: float, *, taking: bool = True, retrying: bool = True) -> None:
        """Wait until there is something to do, at most `timeout` seconds, and do it."""
        late = max(inbox.seconds_late for inbox in self._inboxes)
        if self._heartbeat.beat(Workload(self._claimed(), late), self._pictures.count):
            for inbox in self._inboxes:
                inbox.try_pool()
        if time.monotonic() >= self._next_tasks:
            for task in self._tasks:
                task()
            self._next_tasks = time.monotonic() + TASK_SECONDS
        pauses = (inbox.pause(taking=taking, retrying=retrying) for inbox in self._inboxes)
        self._wait(min(timeout, self._heartbeat.pause, self._next_tasks - time.monotonic(), *pauses))
        for inbox in self._inboxes:
            inbox.step(taking=taking, retrying=retrying)

    def _wait(self, seconds: float) -> None:
        """Wait until something happens; not shorter than a moment while faults hold up all inboxes."""
        if self._wake_up.wait(seconds) and all(inbox.outage.pause > 0 for inbox in self._inboxes):
            time.sleep(0.02)

    def _claimed(self) -> int:
        return sum(inbox.claimed for inbox in self._inboxes)

    def _reload_if_asked(self) -> None:
        if self._reload.is_set():
            self._reload.clear()
            self._heartbeat.reloading()
            config = self._reloader.read_again()
            for adopt in self._adopters:
                adopt(config)
            self._heartbeat.ready()

    def _require_progress(self) -> None:
        for inbox in self._inboxes:
            if inbox.lost is not None:
                raise WatcherError(f"the inbox was lost: {inbox.lost}")
            if inbox.outage.seconds > ONCE_PATIENCE:
                raise WatcherError(
                    f"{inbox.outage.fault}; {inbox.claimed:,} pictures stay claimed, and the next start goes "
                    "on with them"
                )
