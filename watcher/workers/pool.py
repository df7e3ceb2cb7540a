"""The pool: workers that recognize batches, and an isolated one for suspect files."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from watcher.config.settings import WorkersSettings
from watcher.workers.plain import PlainWorkers, processes, threads
from watcher.workers.recognize import Recognizing
from watcher.workers.sandbox.fork_client import ForkServers
from watcher.workers.sandbox.guard import Limits
from watcher.workers.sandbox.workers import SandboxedWorkers

ISOLATED_NICE = 15
"""The niceness of the isolated worker: it gets little more processor time than the others leave."""


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
        self._workers: SandboxedWorkers | PlainWorkers
        self._isolated: SandboxedWorkers | PlainWorkers
        if self.is_guarded:
            self._workers = SandboxedWorkers(self._servers, self.count, 0)
        elif settings.executor == "threads":
            self._workers = PlainWorkers(lambda: threads(self.count))
        else:
            self._workers = PlainWorkers(lambda: processes(self.count))
        if sys.platform == "linux":
            self._isolated = SandboxedWorkers(self._servers, 1, ISOLATED_NICE)
        else:
            self._isolated = PlainWorkers(lambda: processes(1))

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


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
