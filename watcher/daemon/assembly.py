"""Assembly: makes the parts of a daemon, in the right order. A new part is added here."""

from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial

from watcher.config.settings import Config
from watcher.daemon.daemon import Daemon
from watcher.daemon.heartbeat import Heartbeat
from watcher.daemon.housekeeping import Housekeeping
from watcher.daemon.inbox_guard import InboxGuard
from watcher.daemon.inbox_watcher import InboxWatcher
from watcher.daemon.log_lines import PictureLog, log_removed
from watcher.daemon.model_swap import ModelSwap
from watcher.daemon.outage import Outage
from watcher.daemon.reload import SettingsReloader
from watcher.daemon.signals import SignalRequests
from watcher.daemon.startup import first_model, make_folders, open_and_log, sole_watcher
from watcher.daemon.watched_inbox import WatchedInbox
from watcher.folders.arrivals import Arrivals
from watcher.folders.claims import Claims
from watcher.folders.disk import Flusher
from watcher.folders.inbox import Inbox
from watcher.folders.inbox_lock import InboxLock
from watcher.folders.outbox import Outbox
from watcher.maintenance.requeue import Requeue
from watcher.monitoring.faults import Condition, Conditions
from watcher.monitoring.log import Log
from watcher.monitoring.state_file import StateFile
from watcher.pipeline.dispatcher import Dispatcher
from watcher.pipeline.filing import Filing
from watcher.pipeline.resumption import Resumption
from watcher.pipeline.wakeup import WakeUp
from watcher.references.model import StoredModel
from watcher.references.refresh import ReferenceRefresh
from watcher.store.requeued import RequeuedResults
from watcher.store.results import Decision, ResultsLog
from watcher.text import name_as_text
from watcher.workers import Pool


class StoppedEarly(Exception):  # noqa: N818 - not an error
    """A signal asked to stop before the daemon was ready."""


@dataclass(frozen=True, slots=True)
class DaemonContext:
    """What exists before the daemon is made.

    `reread` reads the settings again, on SIGHUP. `filed` is called with every filed picture.
    """

    config: Config
    log: Log
    conditions: Conditions
    heartbeat: Heartbeat
    requests: SignalRequests
    wake_up: WakeUp
    reread: Callable[[], Config]
    filed: Callable[[Decision], object]


@dataclass(frozen=True, slots=True)
class _Watched:
    """The folders of one inbox, locked."""

    claims: Claims
    outbox: Outbox
    lock: InboxLock


def assemble(context: DaemonContext, stack: ExitStack) -> Daemon:
    """Make a daemon that is ready to watch, and resume what a crash left. `stack` closes its parts.

    The order: folders and locks, so that this is the only daemon; workers, which load while the rest is made;
    database; references; then the inbox itself. Raises WatcherError, OSError, StoppedEarly.
    """
    config, logger = context.config, context.log.logger
    watched = _locked_folders(context, stack)
    pool = stack.enter_context(closing(Pool(config.workers)))
    pool.start()
    context.heartbeat.write_to(StateFile(config.database.file))
    progress = partial(_progress, context)
    database = stack.enter_context(closing(open_and_log(config, logger, progress)))
    model = first_model(config, database, logger, progress)
    refresh = stack.enter_context(
        closing(ReferenceRefresh(database.file, config.recognition, config.cache, model))
    )
    flusher = stack.enter_context(closing(Flusher(watched.outbox.path)))
    requeue = Requeue(RequeuedResults(database), watched.outbox, config.inbox.path, flusher)
    housekeeping = Housekeeping(database, requeue, context.conditions)
    housekeeping.check()
    pictures = PictureLog(logger, context.filed)
    log = ResultsLog(database)
    inbox = _watched_inbox(context, watched, log, flusher, pool, model, pictures, refresh, stack)
    swap = ModelSwap(refresh, model, [inbox], context.conditions, logger)
    return Daemon(
        [inbox],
        pictures,
        context.heartbeat,
        context.requests,
        context.wake_up,
        SettingsReloader(config, context.reread, context.conditions),
        logger,
        tasks=[context.log.go_on, swap.check, housekeeping.check],
        adopters=[
            lambda config: context.log.adopt(config.log),
            lambda config: pool.adopt(config.workers),
            lambda config: refresh.adopt(config.recognition),
            inbox.adopt,
        ],
        facts={
            "inbox": name_as_text(str(config.inbox.path)),
            "outbox": name_as_text(str(config.outbox.path)),
            "reference_version": model.version,
            "workers": pool.count,
        },
    )


def _locked_folders(context: DaemonContext, stack: ExitStack) -> _Watched:
    config = context.config
    claims, outbox = Claims(config.inbox.path), Outbox(config.outbox.path)
    make_folders(config, outbox, context.log.logger)
    lock = stack.enter_context(closing(InboxLock(config.inbox.path, outbox.path, claims)))
    lock.take()
    stack.enter_context(closing(claims))
    stack.enter_context(sole_watcher(config))
    return _Watched(claims, outbox, lock)


def _watched_inbox(  # noqa: PLR0913, PLR0917 - the parts it brings together
    context: DaemonContext,
    watched: _Watched,
    log: ResultsLog,
    flusher: Flusher,
    pool: Pool,
    model: StoredModel,
    pictures: PictureLog,
    refresh: ReferenceRefresh,
    stack: ExitStack,
) -> WatchedInbox:
    """Make one inbox with all its parts, get the workers ready, and resume what a crash left."""
    config, logger = context.config, context.log.logger
    settings = config.inbox
    inbox = Inbox(settings.path, recursive=settings.recursive, quiet_seconds=settings.quiet_seconds)
    arrivals = Arrivals(inbox)
    filing = Filing(log, watched.claims, watched.outbox, flusher, config.recognition.review_below)
    dispatcher = Dispatcher(
        arrivals,
        watched.claims,
        pool,
        filing,
        model,
        context.wake_up,
        pictures.filed,
        partial(log_removed, watched.lock, logger),
    )
    watcher = InboxWatcher(settings, arrivals, context.wake_up.set, context.conditions)
    stack.callback(watcher.stop)
    resumption = Resumption(dispatcher, filing, flusher, logger)
    guard = InboxGuard(watched.lock, watcher, resumption, context.conditions)
    outage = Outage(Condition(context.conditions, "stalled", "going on"))
    pool.warm(model.folder)
    resumption.resume()
    return WatchedInbox(
        inbox,
        arrivals,
        dispatcher,
        filing,
        watcher,
        guard,
        outage,
        logger,
        config.workers.deadline_seconds,
        refresh.make_again,
    )


def _progress(context: DaemonContext, _done: int) -> None:
    """Report that the start makes progress. Raises StoppedEarly if a signal asked to stop."""
    if context.requests.stop.is_set():
        raise StoppedEarly
    context.heartbeat.starting()
