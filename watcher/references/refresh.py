"""The refresh: references that change while the daemon runs get a new model, made while work goes on."""

import time
from collections.abc import Callable
from pathlib import Path

from watcher.config.settings import RecognitionSettings
from watcher.errors import passes
from watcher.references.fitting import Fitting, FittingError
from watcher.references.model import StoredModel
from watcher.store.database import DatabaseError, open_log
from watcher.store.references import ReferenceStore

REFIT_SECONDS = 10.0
"""Seconds until a model that could not be made is tried again."""
LOST_REFIT_SECONDS = 1.0
"""The same while there is no model at all, so that all pictures wait."""


class ReferenceRefresh:
    """Follows the references in a database that others may change. For one thread; close it when done.

    `begin` starts to make a model, by default in a process of its own.
    """

    def __init__(
        self,
        file: Path,
        recognition: RecognitionSettings,
        cache: Path,
        model: StoredModel,
        begin: Callable[[Path, RecognitionSettings, Path], Fitting] = Fitting,
    ) -> None:
        self._file = file
        self._database = open_log(file)
        self._references = ReferenceStore(self._database)
        self._recognition = recognition
        self._cache = cache
        self._begin = begin
        self._in_use = self._tried = _wanted(model.version, recognition)
        self._is_lost = False
        self._next_try = 0.0
        self._fitting: Fitting | None = None

    def adopt(self, recognition: RecognitionSettings) -> None:
        """Use these settings from now on. If they need another model, `poll` returns it."""
        self._recognition = recognition

    def make_again(self) -> None:
        """The model in use is lost or damaged; `poll` returns it once it is made again."""
        self._is_lost = True

    def poll(self) -> StoredModel | None:
        """A model for newer references or other settings once it is ready, otherwise None; never waits.

        Raises FittingError, DatabaseError or OSError if it cannot be made; tries again after a passing fault.
        """
        if self._fitting is None:
            self._begin_if_wanted()
            return None
        try:
            model = self._fitting.result()
        except FittingError as error:
            self._end_fitting()
            if passes(error) or self._is_lost:
                self._tried = self._in_use
                is_urgent = self._is_lost and passes(error)
                self._next_try = time.monotonic() + (LOST_REFIT_SECONDS if is_urgent else REFIT_SECONDS)
            raise
        if model is not None:
            self._end_fitting()
            self._in_use, self._is_lost = self._tried, False
        return model

    def close(self) -> None:
        """Close the database, and give up a model that is being made."""
        self._end_fitting()
        self._database.close()

    def _begin_if_wanted(self) -> None:
        version = self._newest()
        if version is None or time.monotonic() < self._next_try:
            return
        wanted = _wanted(version, self._recognition)
        if wanted != self._tried or self._is_lost:
            self._fitting = self._begin(self._file, self._recognition, self._cache)
            self._tried = wanted

    def _end_fitting(self) -> None:
        if self._fitting is not None:
            self._fitting.close()
            self._fitting = None

    def _newest(self) -> int | None:
        try:
            return self._references.version()
        except DatabaseError as error:
            if not passes(error):
                raise
            return None  # the writer of the database meets the same fault, and reports it


def _wanted(version: int, recognition: RecognitionSettings) -> tuple[object, ...]:
    """What distinguishes the models of one database."""
    return version, recognition.normalizer, recognition.rule, recognition.augment
