"""References that change while the daemon runs: noticed, fitted beside the work, swapped in whole."""

import threading
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from pathlib import Path

from watcher.fitting import Fitted, fitted_classifier
from watcher.settings import RecognitionSettings
from watcher.store.database import open_log
from watcher.store.references import ReferenceStore


class Learner:
    """Follows the references in a database that others may add to. Close it when done."""

    def __init__(self, file: Path, recognition: RecognitionSettings, cache: Path, fitted: Fitted) -> None:
        self._database = open_log(file)
        self._references = ReferenceStore(self._database)
        self._recognition = recognition
        self._cache = cache
        self._version = fitted.version
        self._thread = ThreadPoolExecutor(1, "learner")
        self._closing = threading.Event()
        self._fitting: Future[Fitted] | None = None

    def news(self) -> Fitted | None:
        """A classifier for newer references, once it is ready; never waits. Raises WatcherError."""
        if self._fitting is None:
            version = self._references.version()
            if version == self._version or version is None:
                return None
            self._version = version
            self._fitting = self._thread.submit(self._fit)
        if not self._fitting.done():
            return None
        done, self._fitting = self._fitting, None
        return done.result()

    def close(self) -> None:
        """Let go of the database; a classifier that is being made is given up."""
        self._closing.set()
        self._thread.shutdown()
        self._database.close()

    def _fit(self) -> Fitted:
        return fitted_classifier(self._references, self._recognition, self._cache, self._go_on)

    def _go_on(self, _done: int) -> None:
        if self._closing.is_set():
            raise CancelledError
