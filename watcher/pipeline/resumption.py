"""Resumption: goes on with what was claimed before a crash, or before the inbox was lost."""

from structlog.typing import FilteringBoundLogger

from watcher.folders.disk import Flusher
from watcher.pipeline.dispatcher import Dispatcher
from watcher.pipeline.filing import Filing


class Resumption:
    """Gives up all claims, and resumes them from the disk and the log."""

    def __init__(
        self, dispatcher: Dispatcher, filing: Filing, flusher: Flusher, logger: FilteringBoundLogger
    ) -> None:
        self._dispatcher = dispatcher
        self._filing = filing
        self._flusher = flusher
        self._logger = logger

    def abandon(self) -> int:
        """Forget all claims, because the inbox is lost. Returns how many there were."""
        return self._dispatcher.abandon()

    def resume(self) -> None:
        """File or recognize again what is claimed. Raises OSError or WatcherError if that is impossible."""
        self._flusher.reopen()
        again, filed = self._filing.resume()
        if again or filed:
            self._logger.info("resumed", to_recognize=len(again), filed=filed)
        self._dispatcher.resume(again)
