"""The pool: workers that recognize batches, and an isolated one for suspect files."""

import os
import signal
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import suppress
from multiprocessing import get_context
from pathlib import Path
from threading import Lock

from watcher.config.settings import WorkersSettings
from watcher.workers.recognize import Recognized, recognize
from watcher.workers.sandbox.fork_client import ForkServers
from watcher.workers.sandbox.guard import AT_ONCE, Guard, Limits

ISOLATED_NICE = 15
"""The niceness of the isolated worker: it gets little more processor time than the others leave."""

Recognizing = Future[list[Recognized]]


class Pool:
    """Workers that recognize batches, in processes or threads.

    `is_guarded`: if a picture crashes the process that reads it or takes too long, only its own answer says
    so; the others of its batch are not affected. That holds for processes on Linux; with threads, only for
    the isolated worker. Use a pool from one thread, the one that starts the processes: when it ends, the
    kernel ends them too.
    """

    def __init__(self, settings: WorkersSettings) -> None:
        self.count = settings.count or _cores()
        self.is_guarded = settings.executor == "processes" and sys.platform == "linux"
        self.adopt(settings)
        self._servers = ForkServers()
        self._workers: _Guarded | _Unguarded
        self._isolated: _Guarded | _Unguarded
        if self.is_guarded:
            self._workers = _Guarded(self._servers, self.count, 0)
        elif settings.executor == "threads":
            self._workers = _Unguarded(lambda: ThreadPoolExecutor(self.count, thread_name_prefix="worker"))
        else:
            self._workers = _Unguarded(lambda: _processes(self.count))
        if sys.platform == "linux":
            self._isolated = _Guarded(self._servers, 1, ISOLATED_NICE)
        else:
            self._isolated = _Unguarded(lambda: _processes(1))

    def start(self) -> None:
        """Start the processes; they load what they need in the background. Raises OSError."""
        if self.is_guarded:
            self._servers.start()

    def adopt(self, settings: WorkersSettings) -> None:
        """Use the memory limit and the deadline of these settings from now on; all else stays."""
        memory, deadline = settings.memory_megabytes * 2**20, settings.deadline_seconds
        self._first_try_limits = Limits(memory, deadline, first_try=True)
        self._full_limits = Limits(memory, deadline, first_try=False)

    def time_limit(self, files: Sequence[bytes], *, first_try: bool) -> float:
        """The most seconds that recognizing a batch may take on an otherwise idle machine."""
        limits = self._first_try_limits if first_try else self._full_limits
        tasks = [limits.reading(index, file) for index, file in enumerate(files)]
        between = 2 * limits.reading(None, b"").allowed
        return sum(task.allowed for task in tasks) + between + limits.comparing(len(files)).allowed

    def submit(self, model: Path, files: Sequence[bytes]) -> Recognizing:
        """Recognize a batch for the first time: a file that takes long is given up early."""
        return self._workers.submit(model, files, self._first_try_limits)

    def submit_again(self, model: Path, files: Sequence[bytes]) -> Recognizing:
        """Recognize a batch with all the time that the deadline allows."""
        return self._workers.submit(model, files, self._full_limits)

    def submit_isolated(self, model: Path, files: Sequence[bytes]) -> Recognizing:
        """Recognize suspect files in a process of their own; without files, only start that process."""
        return self._isolated.submit(model, files, self._full_limits)

    def warm(self, model: Path) -> None:
        """Start the workers and load the classifier, before the first picture comes.

        Raises UnfitReferencesError.
        """
        self._workers.warm(model, self._first_try_limits)

    def close(self) -> None:
        """Let the workers finish, and end them."""
        self._workers.close()
        self._isolated.close()
        self._servers.close()


class _Guarded:
    """Guards with processes of their own, and a thread for each batch that a guard can have at once."""

    def __init__(self, servers: ForkServers, count: int, nice: int) -> None:
        self._servers = servers
        self._guards = [Guard(servers, nice) for _ in range(count)]
        self._turn = Lock()
        self._busy = [0] * count
        self._executor = ThreadPoolExecutor(AT_ONCE * count, thread_name_prefix="guard")

    def submit(self, model: Path, files: Sequence[bytes], limits: Limits) -> Recognizing:
        self._servers.start()
        return self._executor.submit(self._recognize, model, files, limits)

    def warm(self, model: Path, limits: Limits) -> None:
        self._servers.start()
        for guard in self._guards:
            guard.make_ready(model, limits.memory)

    def close(self) -> None:
        self._executor.shutdown()
        for guard in self._guards:
            guard.close()

    def _recognize(self, model: Path, files: Sequence[bytes], limits: Limits) -> list[Recognized]:
        with self._turn:
            least = self._busy.index(min(self._busy))  # the first one's processes are most likely warm
            self._busy[least] += 1
        try:
            return self._guards[least].recognize(model, files, limits)
        finally:
            with self._turn:
                self._busy[least] -= 1


class _Unguarded:
    """An executor that is started with the first batch, and again after one of its workers died."""

    def __init__(self, start: Callable[[], Executor]) -> None:
        self._start = start
        self._executor: Executor | None = None

    def submit(self, model: Path, files: Sequence[bytes], _limits: Limits) -> Recognizing:
        with suppress(BrokenExecutor):
            return self._submit(model, files)
        self.close()
        return self._submit(model, files)

    def warm(self, model: Path, limits: Limits) -> None:
        self.submit(model, (), limits).result()

    def close(self) -> None:
        if self._executor is not None:
            self._executor.shutdown()
            self._executor = None

    def _submit(self, model: Path, files: Sequence[bytes]) -> Recognizing:
        if self._executor is None:
            self._executor = self._start()
        return self._executor.submit(recognize, model, files)


def _processes(count: int) -> Executor:
    return ProcessPoolExecutor(count, get_context("spawn"), initializer=_begin)


def _begin() -> None:
    """Initialize a new process: ignore Ctrl-C, since the daemon lets workers finish."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
