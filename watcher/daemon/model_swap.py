"""The model swap: a running daemon takes over a newer model, or a lost one that was made again."""

from collections.abc import Sequence

from structlog.typing import FilteringBoundLogger

from watcher.daemon.watched_inbox import WatchedInbox
from watcher.errors import WatcherError
from watcher.monitoring.faults import Condition, Conditions
from watcher.references.model import StoredModel
from watcher.references.refresh import ReferenceRefresh
from watcher.text import error_text


class ModelSwap:
    """Hands each model that `refresh` makes to the inboxes."""

    def __init__(
        self,
        refresh: ReferenceRefresh,
        model: StoredModel,
        inboxes: Sequence[WatchedInbox],
        conditions: Conditions,
        logger: FilteringBoundLogger,
    ) -> None:
        self._refresh = refresh
        self._model = model
        self._inboxes = inboxes
        self._logger = logger
        self._unusable = Condition(conditions, "the new references cannot be used", "they can be used")

    def check(self) -> None:
        """Swap in the new model if one is ready; never waits."""
        try:
            model = self._refresh.poll()
        except (OSError, WatcherError) as error:
            self._unusable.raise_(error_text(error))
            return
        if model is None:
            return
        event = "model made again" if model == self._model else "references changed"
        self._model = model
        for inbox in self._inboxes:
            inbox.use(model)
        self._unusable.clear()
        self._logger.info(event, reference_version=model.version)
