"""A daemon's life from outside: the signals that it hears, and how it ends."""

from collections.abc import Callable
from contextlib import ExitStack

from watcher.config.settings import Config
from watcher.daemon.daemon import Daemon, Stopped
from watcher.daemon.signals import asked_by_signals
from watcher.daemon.systemd.notify import Notifier
from watcher.errors import WatcherError
from watcher.monitoring.log import Log, library_log
from watcher.store.results import Decision
from watcher.text import in_words


def serve(  # noqa: PLR0913 - what it is given, and what is asked of it
    config: Config,
    log: Log,
    notifier: Notifier,
    reread: Callable[[], Config],
    *,
    once: bool = False,
    filed: Callable[[Decision], object] = lambda _decision: None,
) -> None:
    """Watch and sort until SIGTERM or SIGINT; with `once`, until the inbox is empty.

    `reread` reads the settings anew, as SIGHUP asks for. `filed` is told of every picture that was filed.
    Raises WatcherError for what a user can mend.
    """
    with (
        library_log(log.logger),
        asked_by_signals(on_terminal=log.on_terminal) as asked,
        ExitStack() as stack,
    ):
        daemon = Daemon(config, log, notifier, asked, filed)
        try:
            daemon.start(stack)
            asked.wakers.append(daemon.sorter.wake)
            if once:
                daemon.empty_the_inbox()
            else:
                daemon.watch(reread)
            daemon.finish()
        except Stopped:
            log.logger.info("stopped before it was ready")
            daemon.bulletin.ended()
        except (OSError, WatcherError) as error:
            daemon.bulletin.ended(in_words(error))
            if isinstance(error, WatcherError):
                raise
            raise WatcherError(in_words(error)) from error
        else:
            daemon.bulletin.ended()
