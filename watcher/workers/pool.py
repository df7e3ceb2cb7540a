"""The pool: processes or threads that recognise batches, and a process apart for what is suspect."""

import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import lru_cache
from multiprocessing import resource_tracker, util
from multiprocessing.context import SpawnContext, SpawnProcess
from pathlib import Path

import cv2

from watcher.settings import WorkersSettings
from watcher.workers.child import Limits
from watcher.workers.confinement import die_with
from watcher.workers.guard import Guard
from watcher.workers.recognizing import Recognized, recognize

APART = 5
"""How much less of the cores (nice) the process for what is suspect gets than the workers."""

Recognizing = Future[list[Recognized]]


class Pool:
    """Workers that recognise batches; processes or threads, as many as asked for.

    `is_guarded`: a picture that crashes what reads it or takes too long is answered with that, and does the
    others of its batch no harm. Processes are, on Linux; of threads, only what is tried again.
    """

    def __init__(self, settings: WorkersSettings) -> None:
        self.count = settings.count or _cores()
        self.is_guarded = settings.executor == "processes" and sys.platform == "linux"
        self.adopt(settings)
        threads = settings.executor == "threads"
        self._workers = _Crew(lambda: _threads(self.count) if threads else _processes(self.count, 0))
        self._apart = _Crew(lambda: _processes(1, APART))

    def adopt(self, settings: WorkersSettings) -> None:
        """Go by other limits from now on: memory and deadline. All else stays as it began."""
        memory, deadline = settings.memory_megabytes * 2**20, settings.deadline_seconds
        self._hurried = Limits(memory, deadline, hurried=True)
        self._unhurried = Limits(memory, deadline, hurried=False)

    def longest(self, files: Sequence[bytes], *, hurried: bool) -> float:
        """The seconds that recognising a batch may take at most, on a machine that has nothing else to do."""
        limits = self._hurried if hurried else self._unhurried
        return sum(limits.reading(file) for file in files) + limits.comparing(len(files))

    def submit(self, fitted: Path, files: Sequence[bytes]) -> Recognizing:
        """Have a batch recognised for the first time."""
        if self.is_guarded:
            return self._workers.submit(_recognize_guarded, fitted, files, self._hurried)
        return self._workers.submit(recognize, fitted, files)

    def submit_again(self, fitted: Path, files: Sequence[bytes]) -> Recognizing:
        """Have a batch recognised that was interrupted, with all the time allowed; for a guarded pool."""
        return self._workers.submit(_recognize_guarded, fitted, files, self._unhurried)

    def submit_apart(self, fitted: Path, files: Sequence[bytes]) -> Recognizing:
        """Have what is suspect recognised beside all others, in a process; with no files, have that ready."""
        return self._apart.submit(_recognize_guarded, fitted, files, self._unhurried)

    def warm(self, fitted: Path) -> None:
        """Have the workers ready, the classifier in their hands, before the first picture comes."""
        for done in [self.submit(fitted, ()) for _ in range(self.count)]:
            done.result()

    def close(self) -> None:
        """Let the workers finish and go."""
        self._workers.close()
        self._apart.close()


class _Crew:
    """An executor that is started when there is something to do, and anew when one of its workers died."""

    def __init__(self, start: Callable[[], Executor]) -> None:
        self._start = start
        self._executor: Executor | None = None

    def submit(self, work: Callable[..., list[Recognized]], *arguments: object) -> Recognizing:
        try:
            return self._hand_over(work, arguments)
        except BrokenExecutor:
            self.close()
            return self._hand_over(work, arguments)

    def close(self) -> None:
        if self._executor is not None:
            with suppress(BrokenExecutor):
                # A worker that died unnoticed may hold the lock by which they take turns; the others would
                # wait for it for ever. With something to do, the executor notices.
                self._executor.submit(_idle).result()
            self._executor.shutdown()
            self._executor = None

    def _hand_over(self, work: Callable[..., list[Recognized]], arguments: Sequence[object]) -> Recognizing:
        # The executor starts a process whenever it gets something to do and has none idle.
        with _signals_held(), _one_thread_each():
            if self._executor is None:
                self._executor = self._start()
            return self._executor.submit(work, *arguments)


def _recognize_guarded(fitted: Path, files: Sequence[bytes], limits: Limits) -> list[Recognized]:
    if sys.platform != "linux":
        return recognize(fitted, files)
    return _guard().recognize(fitted, files, limits)


@lru_cache(maxsize=1)
def _guard() -> Guard:
    """The one guard of this process."""
    guard = Guard()
    util.Finalize(None, guard.close, exitpriority=0)
    return guard


def _threads(count: int) -> Executor:
    return ThreadPoolExecutor(count, thread_name_prefix="worker")


def _processes(count: int, nice: int) -> Executor:
    return ProcessPoolExecutor(count, _WorkerContext(), initializer=_begin, initargs=(os.getpid(), nice))


def _begin(parent: int, nice: int) -> None:
    """What a new process does first."""
    die_with(parent)
    cv2.setNumThreads(1)
    if sys.platform != "win32":
        os.nice(nice)


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


@contextmanager
def _signals_held() -> Iterator[None]:
    """Processes started meanwhile hear no Ctrl-C, SIGTERM or SIGHUP: the daemon does, and lets them end."""
    resource_tracker.ensure_running()  # it comes with the first process, and would let the signals through
    held = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
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
