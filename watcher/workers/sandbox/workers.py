"""Sandboxed workers: guards, each with processes of its own that may crash."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock

from watcher.workers.recognize import Recognized, Recognizing
from watcher.workers.sandbox.fork_client import ForkServers
from watcher.workers.sandbox.guard import AT_ONCE, Guard, Limits


class SandboxedWorkers:
    """Guards with processes of their own, and a thread for each batch that a guard can have at once."""

    def __init__(self, servers: ForkServers, count: int, nice: int) -> None:
        self._servers = servers
        self._guards = [Guard(servers, nice) for _ in range(count)]
        self._turn = Lock()
        self._busy = [0] * count
        self._executor = ThreadPoolExecutor(AT_ONCE * count, thread_name_prefix="guard")

    def submit(self, model: Path, files: Sequence[bytes], limits: Limits) -> Recognizing:
        """Recognize a batch within these limits."""
        self._servers.start()
        return self._executor.submit(self._recognize, model, files, limits)

    def warm(self, model: Path, limits: Limits) -> None:
        """Start the processes and load the model."""
        self._servers.start()
        for guard in self._guards:
            guard.make_ready(model, limits.memory)

    def close(self) -> None:
        """Let the processes finish, and end them."""
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
