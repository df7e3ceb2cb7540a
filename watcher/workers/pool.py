"""The pool: workers that recognize batches, and one apart for what is suspect."""

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

APART = 15
"""How much less of the cores (nice) what is suspect gets than the workers: little more than these leave."""

Recognizing = Future[list[Recognized]]


class Pool:
    """Workers that recognize batches; processes or threads, as many as asked for.

    `is_guarded`: a picture that crashes what reads it or takes too long is answered with that, and does the
    others of its batch no harm. Processes are, on Linux; of threads, only what is tried again. For one
    thread, in which the processes are started: the kernel ends them with it.
    """

    def __init__(self, settings: WorkersSettings) -> None:
        self.count = settings.count or _cores()
        self.is_guarded = settings.executor == "processes" and sys.platform == "linux"
        self.adopt(settings)
        self._servers = ForkServers()
        self._workers: _Guarded | _Unguarded
        self._apart: _Guarded | _Unguarded
        if self.is_guarded:
            self._workers = _Guarded(self._servers, self.count, 0)
        elif settings.executor == "threads":
            self._workers = _Unguarded(lambda: ThreadPoolExecutor(self.count, thread_name_prefix="worker"))
        else:
            self._workers = _Unguarded(lambda: _processes(self.count))
        if sys.platform == "linux":
            self._apart = _Guarded(self._servers, 1, APART)
        else:
            self._apart = _Unguarded(lambda: _processes(1))

    def start(self) -> None:
        """Have the processes load what they need, while others see to other things. Raises OSError."""
        if self.is_guarded:
            self._servers.start()

    def adopt(self, settings: WorkersSettings) -> None:
        """Go by other limits from now on: memory and deadline. All else stays as it began."""
        memory, deadline = settings.memory_megabytes * 2**20, settings.deadline_seconds
        self._hurried = Limits(memory, deadline, hurried=True)
        self._unhurried = Limits(memory, deadline, hurried=False)

    def longest(self, files: Sequence[bytes], *, hurried: bool) -> float:
        """The seconds that recognizing a batch may take at most, on a machine that has nothing else to do."""
        limits = self._hurried if hurried else self._unhurried
        tasks = [limits.reading(index, file) for index, file in enumerate(files)]
        between = 2 * limits.reading(None, b"").allowed
        return sum(task.allowed for task in tasks) + between + limits.comparing(len(files)).allowed

    def submit(self, model: Path, files: Sequence[bytes]) -> Recognizing:
        """Have a batch recognized for the first time."""
        return self._workers.submit(model, files, self._hurried)

    def submit_again(self, model: Path, files: Sequence[bytes]) -> Recognizing:
        """Have a batch recognized with all the time allowed."""
        return self._workers.submit(model, files, self._unhurried)

    def submit_apart(self, model: Path, files: Sequence[bytes]) -> Recognizing:
        """Have what is suspect recognized beside all others, in a process; with no files, have that ready."""
        return self._apart.submit(model, files, self._unhurried)

    def warm(self, model: Path) -> None:
        """Have the workers ready, the classifier in their hands, before the first picture comes.

        Raises UnfitReferencesError.
        """
        self._workers.warm(model, self._hurried)

    def close(self) -> None:
        """Let the workers finish and go."""
        self._workers.close()
        self._apart.close()
        self._servers.close()


class _Guarded:
    """Guards with processes of their own, and a thread for each batch that one can have at once."""

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
            least = self._busy.index(min(self._busy))  # the first of them has what it needs at hand
            self._busy[least] += 1
        try:
            return self._guards[least].recognize(model, files, limits)
        finally:
            with self._turn:
                self._busy[least] -= 1


class _Unguarded:
    """An executor that is started when there is something to do, and anew when one of its workers died."""

    def __init__(self, start: Callable[[], Executor]) -> None:
        self._start = start
        self._executor: Executor | None = None

    def submit(self, model: Path, files: Sequence[bytes], _limits: Limits) -> Recognizing:
        with suppress(BrokenExecutor):
            return self._hand_over(model, files)
        self.close()
        return self._hand_over(model, files)

    def warm(self, model: Path, limits: Limits) -> None:
        self.submit(model, (), limits).result()

    def close(self) -> None:
        if self._executor is not None:
            self._executor.shutdown()
            self._executor = None

    def _hand_over(self, model: Path, files: Sequence[bytes]) -> Recognizing:
        if self._executor is None:
            self._executor = self._start()
        return self._executor.submit(recognize, model, files)


def _processes(count: int) -> Executor:
    return ProcessPoolExecutor(count, get_context("spawn"), initializer=_begin)


def _begin() -> None:
    """What a new process does first: Ctrl-C is for the daemon, which lets it finish."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
