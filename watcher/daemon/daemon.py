"""The daemon: its start order, and what it does while it lives."""

import gc
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from functools import partial

from watcher.config.settings import Config
from watcher.daemon.heartbeat import Heartbeat
from watcher.daemon.housekeeping import Housekeeping
from watcher.daemon.inbox_guard import InboxGuard
from watcher.daemon.inbox_watcher import InboxWatcher
from watcher.daemon.log_lines import tell_of_files, tell_picture
from watcher.daemon.outage import Outage
from watcher.daemon.reload import Reloading
from watcher.daemon.signals import SignalRequests
from watcher.daemon.startup import make_folders, open_and_tell, ready_classifier, sole_watcher
from watcher.daemon.systemd.notify import Notifier
from watcher.errors import UnfitReferencesError, WatcherError, passes
from watcher.folders.arrivals import Arrivals
from watcher.folders.claims import Claim, Claims
from watcher.folders.disk import Flusher
from watcher.folders.inbox import Inbox, waiting
from watcher.folders.inbox_lock import InboxLock
from watcher.folders.outbox import Outbox
from watcher.maintenance.requeue import Requeue
from watcher.monitoring.faults import Condition, Conditions
from watcher.monitoring.log import Log
from watcher.monitoring.state_file import StateFile
from watcher.pipeline.dispatcher import Dispatcher
from watcher.pipeline.filing import Filing
from watcher.references.model import stored_model
from watcher.references.refresh import ReferenceRefresh
from watcher.store.references import ReferenceStore
from watcher.store.requeued import RequeuedResults
from watcher.store.results import Decision, ResultsLog
from watcher.text import error_text, name_as_text
from watcher.workers import Pool

ONCE_PATIENCE = 10.0
"""How long, in seconds, `--once` waits for files that somebody keeps writing, and for faults to pass."""
HOUSEKEEPING_SECONDS = 1.0
"""How often it is looked for newer references, and after the database."""
STOP_PATIENCE = 2.0
"""How long, in seconds, stopping goes on with pictures that went wrong, and waits for faults to pass."""


class Stopped(Exception):  # noqa: N818 - not an error
    """Somebody asked to stop before the daemon was ready."""


class Daemon:
    """One run, from start to finish."""

    dispatcher: Dispatcher

    def __init__(
        self,
        config: Config,
        log: Log,
        notifier: Notifier,
        requests: SignalRequests,
        filed: Callable[[Decision], object],
    ) -> None:
        self._config = config
        self._log = log
        self._logger = log.logger
        self._stop = requests.stop
        self._reload = requests.reload
        self._filed = filed
        self._count = 0
        self._conditions = Conditions(log.logger)
        inbox = partial(waiting, config.inbox.path, recursive=config.inbox.recursive)
        self.heartbeat = Heartbeat(notifier, self._conditions, lambda most: inbox(most=most))

    def start(self, stack: ExitStack) -> None:
        """Folders, lock, database, references, workers, and what a crash left: in this order."""
        config = self._config
        claims, outbox = Claims(config.inbox.path), Outbox(config.outbox.path)
        make_folders(config, outbox, self._logger)
        hold = stack.enter_context(closing(InboxLock(config.inbox.path, outbox.path, claims)))
        hold.take()
        stack.enter_context(closing(claims))
        stack.enter_context(sole_watcher(config))
        self._pool = stack.enter_context(closing(Pool(config.workers)))
        self._pool.start()  # they load what they need while all else is seen to
        self.heartbeat.keep_in(StateFile(config.database.file))
        database = stack.enter_context(closing(open_and_tell(config, self._logger, self._stop_early)))
        self._model = ready_classifier(config, database, self._logger, self._stop_early)
        self._refresh = stack.enter_context(
            closing(ReferenceRefresh(database.file, config.recognition, config.cache, self._model))
        )
        self._flusher = stack.enter_context(closing(Flusher(outbox.path)))
        settings = config.inbox
        self._inbox = Inbox(settings.path, recursive=settings.recursive, quiet_seconds=settings.quiet_seconds)
        self._arrivals = Arrivals(self._inbox)
        self._filing = Filing(
            ResultsLog(database), claims, outbox, self._flusher, config.recognition.review_below
        )
        self.dispatcher = Dispatcher(self._arrivals, claims, self._pool, self._filing, self._say, self._lose)
        self._outage = Outage(Condition(self._conditions, "stalled", "going on"))
        self._unusable = Condition(self._conditions, "the new references cannot be used", "they can be used")
        retrying = Requeue(RequeuedResults(database), outbox, config.inbox.path, self._flusher)
        self._housekeeping = Housekeeping(database, retrying, self._conditions)
        self._housekeeping.check()
        self._references = ReferenceStore(database)
        self._is_unfit = False
        self._inbox_watcher = InboxWatcher(
            config.inbox, self._arrivals, self.dispatcher.wake, self._conditions
        )
        stack.callback(self._inbox_watcher.stop)
        self._inbox_guard = InboxGuard(hold, self._inbox_watcher, self, self._conditions)
        self._pool.warm(self._model.folder)
        self.take_up()
        self._workers = self._pool.count

    def watch(self, reread: Callable[[], Config]) -> None:
        """Sort what lies in the inbox and all that comes, until asked to stop."""
        self._inbox_watcher.start()
        self._logger.info(
            "ready",
            inbox=name_as_text(str(self._config.inbox.path)),
            outbox=name_as_text(str(self._config.outbox.path)),
            reference_version=self._model.version,
            workers=self._workers,
        )
        gc.freeze()  # a collection that looks through all that was loaded would keep pictures waiting
        self.heartbeat.ready()
        reloading = Reloading(reread, self._conditions)
        is_there, next_check, next_upkeep = False, 0.0, 0.0
        while not self._stop.is_set():
            if self._reload.is_set():
                self._reload.clear()
                self.heartbeat.reloading()
                self._hand_on(reloading.read_anew(self._config))
                self.heartbeat.ready()
            if time.monotonic() >= next_check:
                is_there = self._inbox_guard.check()
                next_check = time.monotonic() + self._inbox_watcher.pace
            if time.monotonic() >= next_upkeep:
                self._learn()
                self._housekeeping.check()
                next_upkeep = time.monotonic() + HOUSEKEEPING_SECONDS
            if not self._step(max(0.0, next_check - time.monotonic()), taking=is_there):
                next_check = 0.0

    def empty_the_inbox(self) -> None:
        """Sort until a whole sweep has found nothing; wait a while for what is still being written.

        Raises WatcherError where work stands still for as long.
        """
        self.heartbeat.ready()
        count, give_up = self._count, time.monotonic() + ONCE_PATIENCE
        while not self._stop.is_set():
            before = self._count
            self._arrivals.sweep()
            while (self._arrivals.is_open or not self.dispatcher.is_idle) and not self._stop.is_set():
                if self._count > count:
                    count, give_up = self._count, time.monotonic() + ONCE_PATIENCE
                elif self.dispatcher.is_waiting and time.monotonic() > give_up:
                    break
                if not self._step(self._config.inbox.sweep_seconds):
                    raise WatcherError(f"the inbox was lost: {self._inbox_guard.fault}")
                if self._outage.seconds > ONCE_PATIENCE:
                    raise WatcherError(
                        f"{self._outage.fault}; {self.dispatcher.claimed:,} pictures stay claimed, and the "
                        "next start goes on with them"
                    )
            if self._count == before:
                unfinished = self._arrivals.unfinished + self.dispatcher.claimed
                if not unfinished:
                    return
                if time.monotonic() > give_up:
                    self._logger.warning("left in the inbox: still being written", files=unfinished)
                    return
                self.dispatcher.rest(0.05)

    def finish(self) -> None:
        """Claim nothing more, finish what is claimed; of what is suspect or hindered, what is soon done."""
        self._logger.info("stopping")
        self.heartbeat.stopping()
        self._outage.try_now()
        give_up = time.monotonic() + STOP_PATIENCE
        while not self.dispatcher.is_idle:
            is_late = time.monotonic() > give_up
            if is_late and (self._outage.fault is not None or not self.dispatcher.is_working):
                break
            self._step(0.2, taking=False, retrying=not is_late)
        left = {} if self.dispatcher.is_idle else {"left_claimed": self.dispatcher.claimed}
        self._logger.info("stopped", pictures=self._count, **left)

    def give_up(self) -> int:
        """Forget what is claimed: the inbox is lost, and its claims with it."""
        return self.dispatcher.abandon()

    def take_up(self) -> None:
        """Go on with what was claimed before a crash, or before the inbox was lost."""
        self._flusher.reopen()
        again, filed = self._filing.resume()
        if again or filed:
            self._logger.info("resumed", to_recognize=len(again), filed=filed)
        self.dispatcher.again(again, self._model)

    def _step(self, timeout: float, *, taking: bool = True, retrying: bool = True) -> bool:
        """Let the dispatcher take a step, or wait while a fault lasts; False where the inbox was lost."""
        if self.heartbeat.tell(self.dispatcher, self._count):
            self.dispatcher.try_pool(self._model)
        timeout = min(timeout, self.heartbeat.pause)
        if self._outage.rest > 0:
            self.dispatcher.rest(min(timeout, self._outage.rest))
            return True
        is_retrying = self._outage.fault is not None
        busy = is_retrying or (taking and self._arrivals.is_open and self.dispatcher.has_room)
        try:
            if is_retrying:
                self._arrivals.restart_sweep()  # what was to be claimed when the fault came is still there
            if self._is_unfit:
                self._model = stored_model(self._references, self._config.recognition, self._config.cache)
                self._is_unfit = False
            seconds = 0.0 if busy else timeout
            self.dispatcher.step(self._model, seconds, taking=taking, retrying=retrying)
        except UnfitReferencesError as fault:
            self._outage.met(fault)
            self._is_unfit = True
        except (OSError, MemoryError, WatcherError) as fault:
            if isinstance(fault, OSError) and self._inbox_guard.explains(fault):
                return False
            if not passes(fault) and not isinstance(fault, OSError):
                raise
            self._outage.met(fault)
        else:
            self._outage.over()
        tell_of_files(self._logger, self._arrivals, self.dispatcher, self._config.workers.deadline_seconds)
        return True

    def _say(self, decision: Decision, seconds: float) -> None:
        self._count += 1
        tell_picture(self._logger, decision, seconds)
        self._filed(decision)

    def _lose(self, claim: Claim) -> None:
        self._inbox_guard.require_inbox()  # else it is not this file that somebody removed
        self._logger.error("somebody removed a claimed file", name=name_as_text(claim.name))

    def _learn(self) -> None:
        try:
            news = self._refresh.poll()
        except (OSError, WatcherError) as error:
            self._unusable.raise_(error_text(error))
            return
        if news is not None:
            self._model = news
            self._unusable.clear()
            self._logger.info("references changed", reference_version=news.version)

    def _hand_on(self, config: Config) -> None:
        """Go on by other settings, as far as they may change."""
        self._config = config
        self._log.adopt(config.log)
        self._pool.adopt(config.workers)
        self._inbox.adopt(config.inbox.quiet_seconds)
        self._inbox_watcher.adopt(config.inbox)
        self._refresh.adopt(config.recognition)
        self._filing.review_below = config.recognition.review_below

    def _stop_early(self, _done: int) -> None:
        if self._stop.is_set():
            raise Stopped
        self.heartbeat.getting_ready()
