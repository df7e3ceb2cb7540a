"""A daemon's life from outside: the signals that it hears, and how it ends."""

from collections.abc import Callable
from contextlib import ExitStack

from watcher.config.settings import Config
from watcher.daemon.daemon import Daemon, Stopped
from watcher.daemon.signals import signal_requests
from watcher.daemon.systemd.notify import Notifier
from watcher.errors import WatcherError
from watcher.monitoring.log import Log, library_log
from watcher.store.results import Decision
from watcher.text import error_text


def serve(  # noqa: PLR0913 - what it is given, and what is asked of it
    config: Config,
    log: Log,
    notifier: Notifier,
    reread: Callable[[], Config],
    *,
    once: bool = False,
    filed: Callable[[Decision], object] = lambda _decision: None,
) -> None:
    """EventWatcher and sort until SIGTERM or SIGINT; with `once`, until the inbox is empty.

    `reread` reads the settings anew, as SIGHUP asks for. `filed` is told of every picture that was filed.
    Raises WatcherError for what a user can mend.
    """
    with (
        library_log(log.logger),
        signal_requests(on_terminal=log.on_terminal) as requests,
        ExitStack() as stack,
    ):
        daemon = Daemon(config, log, notifier, requests, filed)
        try:
            daemon.start(stack)
            requests.wakers.append(daemon.dispatcher.wake)
            if once:
                daemon.empty_the_inbox()
            else:
                daemon.watch(reread)
            daemon.finish()
        except Stopped:
            log.logger.info("stopped before it was ready")
            daemon.heartbeat.ended()
        except (OSError, WatcherError) as error:
            daemon.heartbeat.ended(error_text(error))
            if isinstance(error, WatcherError):
                raise
            raise WatcherError(error_text(error)) from error
        else:
            daemon.heartbeat.ended()
