"""Running a daemon: from its signals to its end, whatever the reason."""

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial

from watcher.config.settings import Config
from watcher.daemon.assembly import DaemonContext, StoppedEarly, assemble
from watcher.daemon.heartbeat import Heartbeat
from watcher.daemon.signals import signal_requests
from watcher.daemon.systemd.notify import Notifier
from watcher.errors import WatcherError
from watcher.folders.inbox import waiting
from watcher.monitoring.faults import Conditions
from watcher.monitoring.log import Log, library_log
from watcher.pipeline.wakeup import WakeUp
from watcher.store.results import Decision
from watcher.text import error_text


def serve(  # noqa: PLR0913 - all that a daemon needs from outside
    config: Config,
    log: Log,
    notifier: Notifier,
    reread: Callable[[], Config],
    *,
    once: bool = False,
    filed: Callable[[Decision], object] = lambda _decision: None,
) -> None:
    """Watch and sort until SIGTERM or SIGINT; with `once`, until the inbox is empty.

    `reread` reads the settings again, on SIGHUP. `filed` is called with every filed picture.
    Raises WatcherError for what a user can fix.
    """
    conditions, wake_up = Conditions(log.logger), WakeUp()
    count_waiting = partial(waiting, config.inbox.path, recursive=config.inbox.recursive)
    heartbeat = Heartbeat(notifier, conditions, lambda most: count_waiting(most=most), lambda: log.dropped)
    with (
        library_log(log.logger),
        signal_requests(wake_up, on_terminal=log.on_terminal) as requests,
        ExitStack() as stack,
    ):
        try:
            context = DaemonContext(config, log, conditions, heartbeat, requests, wake_up, reread, filed)
            daemon = assemble(context, stack)
            if once:
                daemon.empty()
            else:
                daemon.watch()
            daemon.finish()
        except StoppedEarly:
            log.logger.info("stopped before it was ready")
            log.finish()
            heartbeat.ended()
        except (OSError, WatcherError) as error:
            log.finish()
            heartbeat.ended(error_text(error))
            if isinstance(error, WatcherError):
                raise
            raise WatcherError(error_text(error)) from error
        else:
            log.finish()
            heartbeat.ended()
