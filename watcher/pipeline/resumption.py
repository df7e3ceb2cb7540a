"""Resumption: going on with what was claimed before a crash, or before the inbox was lost."""

from structlog.typing import FilteringBoundLogger

from watcher.folders.disk import Flusher
from watcher.pipeline.dispatcher import Dispatcher
from watcher.pipeline.filing import Filing


class Resumption:
    """Lets go of all claims, and takes them up again from the disk and the log."""

    def __init__(
        self, dispatcher: Dispatcher, filing: Filing, flusher: Flusher, logger: FilteringBoundLogger
    ) -> None:
        self._dispatcher = dispatcher
        self._filing = filing
        self._flusher = flusher
        self._logger = logger

    def give_up(self) -> int:
        """Forget what is in hand: the inbox is lost, and its claims with it. Returns how many there were."""
        return self._dispatcher.abandon()

    def take_up(self) -> None:
        """Go on with what was claimed. Raises OSError or WatcherError where that cannot be."""
        self._flusher.reopen()
        again, filed = self._filing.resume()
        if again or filed:
            self._logger.info("resumed", to_recognize=len(again), filed=filed)
        self._dispatcher.again(again)
