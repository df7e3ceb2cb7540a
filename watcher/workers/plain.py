"""Plain workers: an executor of the standard library, without a sandbox."""

import signal
from collections.abc import Callable, Sequence
from concurrent.futures import BrokenExecutor, Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import suppress
from multiprocessing import get_context
from pathlib import Path

from watcher.workers.recognize import Recognizing, recognize
from watcher.workers.sandbox.guard import Limits


class PlainWorkers:
    """An executor that is started with the first batch, and again after one of its workers died."""

    def __init__(self, start: Callable[[], Executor]) -> None:
        self._start = start
        self._executor: Executor | None = None

    def submit(self, model: Path, files: Sequence[bytes], _limits: Limits) -> Recognizing:
        """Recognize a batch; nobody watches over limits here."""
        with suppress(BrokenExecutor):
            return self._submit(model, files)
        self.close()
        return self._submit(model, files)

    def warm(self, model: Path, limits: Limits) -> None:
        """Start the workers and load the model."""
        self.submit(model, (), limits).result()

    def close(self) -> None:
        """Let the workers finish, and end them."""
        if self._executor is not None:
            self._executor.shutdown()
            self._executor = None

    def _submit(self, model: Path, files: Sequence[bytes]) -> Recognizing:
        if self._executor is None:
            self._executor = self._start()
        return self._executor.submit(recognize, model, files)


def threads(count: int) -> Executor:
    """Workers that are threads of this process."""
    return ThreadPoolExecutor(count, thread_name_prefix="worker")


def processes(count: int) -> Executor:
    """Workers that are processes."""
    return ProcessPoolExecutor(count, get_context("spawn"), initializer=_begin)


def _begin() -> None:
    """Initialize a new process: ignore Ctrl-C, since the daemon lets workers finish."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
