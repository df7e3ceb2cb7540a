"""The pool of workers: bytes go in, recognised pictures come out. No SQL here, and no moving of files."""

import ctypes
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from multiprocessing.context import SpawnContext, SpawnProcess
from pathlib import Path

import numpy as np

from watcher.errors import Unreadable
from watcher.recognition import ImageClassifier, Reading, read_picture
from watcher.settings import WorkersSettings


@dataclass(frozen=True, slots=True)
class Recognized:
    """What a worker found in a file: a reading, or the reason why there is none."""

    sha256: str | None
    reading: Reading | None
    reason: str | None = None


def recognize(fitted: Path, files: Sequence[bytes]) -> list[Recognized]:
    """Recognise a batch with the classifier saved in a folder; runs in a worker."""
    classifier = _classifier(fitted)
    digests = [sha256(file).hexdigest() for file in files]
    pictures = []
    reasons: list[str | None] = []
    for file in files:
        try:
            pictures.append(read_picture(file))
            reasons.append(None)
        except Unreadable as error:
            reasons.append(str(error))
    readings = iter(classifier.classify(np.stack(pictures)) if pictures else ())
    return [
        Recognized(digest, next(readings)) if reason is None else Recognized(digest, None, reason)
        for digest, reason in zip(digests, reasons, strict=True)
    ]


class Pool:
    """Workers that recognise batches; processes or threads, as many as asked for."""

    def __init__(self, settings: WorkersSettings) -> None:
        self.count = settings.count or _cores()
        self._kind = settings.executor
        self._executor = self._start()

    def submit(self, fitted: Path, files: Sequence[bytes]) -> Future[list[Recognized]]:
        """Have a batch recognised. A pool whose worker died is made anew first."""
        try:
            return self._hand_over(fitted, files)
        except BrokenExecutor:
            self._executor.shutdown()
            self._executor = self._start()
            return self._hand_over(fitted, files)

    def warm(self, fitted: Path) -> None:
        """Have the workers ready, the classifier in their hands, before the first picture comes."""
        for done in [self._hand_over(fitted, ()) for _ in range(self.count)]:
            done.result()

    def close(self) -> None:
        """Let the workers finish and go."""
        with suppress(BrokenExecutor):
            # A worker that died unnoticed may hold the lock by which they take turns; the others would wait
            # for it for ever. With something to do, the executor notices.
            self._executor.submit(_idle).result()
        self._executor.shutdown()

    def _start(self) -> Executor:
        if self._kind == "threads":
            return ThreadPoolExecutor(self.count, thread_name_prefix="worker")
        return ProcessPoolExecutor(
            self.count, _WorkerContext(), initializer=_die_with, initargs=(os.getpid(),)
        )

    def _hand_over(self, fitted: Path, files: Sequence[bytes]) -> Future[list[Recognized]]:
        # The executor starts a process whenever it gets something to do and has none idle.
        with _signals_held(), _one_thread_each():
            return self._executor.submit(recognize, fitted, files)


@lru_cache(maxsize=1)
def _classifier(fitted: Path) -> ImageClassifier:
    return ImageClassifier.load(fitted)


def _idle() -> None:
    pass


class _WorkerProcess(SpawnProcess):
    """A process that does not hear SIGTERM, which is how executors end the rest of a broken pool."""

    def terminate(self) -> None:
        self.kill()


class _WorkerContext(SpawnContext):
    Process = _WorkerProcess


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def _die_with(parent: int) -> None:
    """Ask the kernel to end this worker when its parent dies; a worker alone would wait for ever."""
    if sys.platform == "linux":
        set_parent_death_signal = 1
        ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)


@contextmanager
def _signals_held() -> Iterator[None]:
    """Processes started meanwhile never see Ctrl-C or SIGTERM: the daemon does, and lets them finish."""
    held = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, held)


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Processes started meanwhile do their linear algebra on one core: there is a process for each core."""
    names = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
