"""One watched inbox: its arrivals, its guard, its watcher, its dispatcher and its outage."""

import time
from collections.abc import Callable

from structlog.typing import FilteringBoundLogger

from watcher.config.settings import Config
from watcher.daemon.inbox_guard import InboxGuard
from watcher.daemon.inbox_watcher import InboxWatcher
from watcher.daemon.log_lines import log_warnings
from watcher.daemon.outage import Outage
from watcher.errors import UnfitReferencesError, WatcherError, passes
from watcher.folders.arrivals import Arrivals
from watcher.folders.inbox import Inbox
from watcher.pipeline.dispatcher import Dispatcher
from watcher.pipeline.filing import Filing
from watcher.references.model import StoredModel


class WatchedInbox:
    """Everything that belongs to one watched folder. For one thread.

    `model_lost` is called when the workers find that the model in use is gone or damaged.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - the parts it brings together
        self,
        inbox: Inbox,
        arrivals: Arrivals,
        dispatcher: Dispatcher,
        filing: Filing,
        watcher: InboxWatcher,
        guard: InboxGuard,
        outage: Outage,
        logger: FilteringBoundLogger,
        deadline_seconds: float,
        model_lost: Callable[[], object],
    ) -> None:
        self._inbox = inbox
        self._arrivals = arrivals
        self._dispatcher = dispatcher
        self._filing = filing
        self._watcher = watcher
        self._guard = guard
        self._outage = outage
        self._logger = logger
        self._deadline_seconds = deadline_seconds
        self._model_lost = model_lost
        self._is_there = True
        self._next_check = 0.0

    @property
    def claimed(self) -> int:
        """How many pictures are claimed."""
        return self._dispatcher.claimed

    @property
    def seconds_late(self) -> float:
        """How long a batch has been due from the workers; negative while there is time left."""
        return self._dispatcher.seconds_late

    @property
    def is_working(self) -> bool:
        """Whether workers have a batch or their results are not filed yet, and no fault holds them up."""
        return self._dispatcher.is_working and self._outage.fault is None

    @property
    def is_waiting(self) -> bool:
        """Whether every claim waits: until its file is written, or until the disk can read it."""
        return self._dispatcher.is_waiting

    @property
    def is_done(self) -> bool:
        """Whether there is nothing more to look at, and nothing claimed."""
        return self._dispatcher.is_idle and not self._arrivals.is_open

    @property
    def unfinished(self) -> int:
        """How many files are still being written: left by the last sweep, or claimed."""
        return self._arrivals.unfinished + self._dispatcher.claimed

    @property
    def lost(self) -> str | None:
        """Why the inbox is out of reach; None while it is there."""
        return None if self._is_there else self._guard.fault

    @property
    def outage(self) -> Outage:
        """The fault that holds this inbox up, if any."""
        return self._outage

    def start(self) -> None:
        """Begin to listen. Raises WatcherError if there are no events and the settings forbid polling."""
        self._watcher.start()

    def sweep(self) -> None:
        """Look through the whole folder."""
        self._arrivals.sweep()

    def check(self) -> None:
        """See whether the folder is still there, and sweep it if that is due."""
        if time.monotonic() >= self._next_check:
            self._is_there = self._guard.check()
            self._next_check = time.monotonic() + self._watcher.pace

    def pause(self, *, taking: bool, retrying: bool = True) -> float:
        """Seconds until `step` has something to do, unless an event wakes the daemon earlier."""
        if self._outage.fault is not None:
            return self._outage.pause
        if taking and self._is_there and self._arrivals.is_open and self._dispatcher.has_room:
            return 0.0
        return self._dispatcher.pause if retrying else float("inf")

    def until_check(self) -> float:
        """Seconds until `check` is due."""
        return max(0.0, self._next_check - time.monotonic())

    def step(self, *, taking: bool, retrying: bool = True) -> None:
        """Do what can be done now. During an outage, do nothing until the next try is due.

        Raises WatcherError for a fault that does not pass.
        """
        if self._outage.pause > 0:
            return
        try:
            if self._outage.fault is not None:
                self._arrivals.restart_sweep()  # what the fault kept from being claimed is still there
            self._dispatcher.step(taking=taking and self._is_there, retrying=retrying)
        except UnfitReferencesError as fault:
            self._outage.failed(fault)
            self._model_lost()
        except (OSError, MemoryError, WatcherError) as fault:
            if isinstance(fault, OSError) and self._guard.notices_loss(fault):
                self._is_there, self._next_check = False, 0.0
                return
            if not passes(fault) and not isinstance(fault, OSError):
                raise
            self._outage.failed(fault)
        else:
            self._outage.succeeded()
        log_warnings(self._logger, self._arrivals, self._dispatcher, self._deadline_seconds)

    def try_pool(self) -> None:
        """Have the workers show that they still answer."""
        self._dispatcher.try_pool()

    def use(self, model: StoredModel) -> None:
        """Compare pictures with another model from now on."""
        self._dispatcher.model = model
        self._outage.try_now()

    def adopt(self, config: Config) -> None:
        """Use these settings from now on, as far as they may change while the daemon runs."""
        self._inbox.adopt(config.inbox.quiet_seconds)
        self._watcher.adopt(config.inbox)
        self._filing.review_below = config.recognition.review_below
        self._deadline_seconds = config.workers.deadline_seconds
        self._next_check = 0.0
