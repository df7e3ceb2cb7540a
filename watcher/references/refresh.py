"""References that change while the daemon runs: noticed, model beside the work, swapped in whole."""

import threading
import time
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from pathlib import Path

from watcher.config.settings import RecognitionSettings
from watcher.errors import WatcherError, passes
from watcher.references.model import StoredModel, stored_model
from watcher.store.database import DatabaseError, open_log
from watcher.store.references import ReferenceStore

RETRY_SECONDS = 10.0


class ReferenceRefresh:
    """Follows the references in a database that others may add to. Close it when done."""

    def __init__(self, file: Path, recognition: RecognitionSettings, cache: Path, model: StoredModel) -> None:
        self._database = open_log(file)
        self._references = ReferenceStore(self._database)
        self._recognition = recognition
        self._cache = cache
        self._in_use = self._tried = _wanted(model.version, recognition)
        self._next_try = 0.0
        self._thread = ThreadPoolExecutor(1, "learner")
        self._closing = threading.Event()
        self._fitting: Future[StoredModel] | None = None

    def adopt(self, recognition: RecognitionSettings) -> None:
        """Compare as these settings say: where that is another way, the next news is a classifier for it."""
        self._recognition = recognition

    def poll(self) -> StoredModel | None:
        """A classifier for newer references or another way to compare, once it is ready; never waits.

        Raises WatcherError or OSError where it cannot be made; where that is a fault that passes, it is tried
        again after RETRY_SECONDS.
        """
        if self._fitting is None:
            version = self._newest()
            if version is None or time.monotonic() < self._next_try:
                return None
            wanted = _wanted(version, self._recognition)
            if wanted == self._tried:
                return None
            self._tried = wanted
            self._fitting = self._thread.submit(self._fit, self._recognition)
        if not self._fitting.done():
            return None
        done, self._fitting = self._fitting, None
        try:
            model = done.result()
        except (OSError, WatcherError) as error:
            if passes(error):
                self._tried, self._next_try = self._in_use, time.monotonic() + RETRY_SECONDS
            raise
        self._in_use = self._tried
        return model

    def close(self) -> None:
        """Let go of the database; a classifier that is being made is given up."""
        self._closing.set()
        self._thread.shutdown()
        self._database.close()

    def _newest(self) -> int | None:
        try:
            return self._references.version()
        except DatabaseError as error:
            if not passes(error):
                raise
            return None  # who writes the database meets the same fault, and tells of it

    def _fit(self, recognition: RecognitionSettings) -> StoredModel:
        return stored_model(self._references, recognition, self._cache, self._go_on)

    def _go_on(self, _done: int) -> None:
        if self._closing.is_set():
            raise CancelledError


def _wanted(version: int, recognition: RecognitionSettings) -> tuple[object, ...]:
    """What one classifier differs by from others of the same database."""
    return version, recognition.normalizer, recognition.rule, recognition.augment
