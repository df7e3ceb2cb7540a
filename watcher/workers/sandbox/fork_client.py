"""The daemon's handle on fork servers: starts them in the background and replaces them if they die."""

import os
import pickle
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import BrokenExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock

from watcher.workers.sandbox.fork_server import LONGEST_MESSAGE, Answer, Fork, Reap, Role
from watcher.workers.sandbox.limits import ONE_THREAD

BOOT = "import sys; sys.path[:] = sys.argv[4:]; from watcher.workers.sandbox.fork_server import main; main()"
KEPT_MEMORY = {"MALLOC_MMAP_THRESHOLD_": f"{4 << 20}", "MALLOC_TRIM_THRESHOLD_": f"{16 << 20}"}
"""glibc keeps up to 16 MB of freed memory, from arrays of up to 4 MB, for reuse: new pages cost time."""


class ForkServerDiedError(BrokenExecutor):
    """The fork server was killed, and its children with it; a picture cannot cause that."""


class ForkServer:
    """One fork server. It accepts requests at once, and answers when it has loaded all it needs."""

    def __init__(self, role: Role) -> None:
        self._turn = Lock()
        self._orders, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        arguments = [role, str(theirs.fileno()), str(os.getpid()), *sys.path]
        with theirs, _signals_held():
            self._process = subprocess.Popen(  # noqa: S603 - ourselves
                [sys.executable, "-P", "-c", BOOT, *arguments],
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                env=os.environ | ONE_THREAD | KEPT_MEMORY,
            )

    @property
    def is_alive(self) -> bool:
        """Whether it runs."""
        return self._process.poll() is None

    def fork(self, model: Path, memory: int, nice: int, descriptors: Sequence[int]) -> int:
        """Fork a child with copies of these descriptors; returns its process id.

        Raises UnfitReferencesError, ForkServerDiedError, and OSError if the system lacks resources.
        """
        return self._ask(Fork(model, memory, nice), descriptors)

    def reap(self, pid: int) -> int:
        """End a child; returns its status as `waitpid` does. Raises ForkServerDiedError."""
        return self._ask(Reap(pid))

    def close(self) -> None:
        """End the server and its children."""
        with self._turn:
            self._orders.close()
        self._process.wait()

    def _ask(self, order: Fork | Reap, descriptors: Sequence[int] = ()) -> int:
        with self._turn:
            message = b""
            with suppress(BrokenPipeError, ConnectionResetError):
                if self._orders.fileno() >= 0:
                    socket.send_fds(self._orders, [pickle.dumps(order)], descriptors)
                    message = self._orders.recv(LONGEST_MESSAGE)
        if not message:
            raise ForkServerDiedError("the process that forks the workers died")
        answer: Answer = pickle.loads(message)  # noqa: S301 - from our own child
        if isinstance(answer, int):
            return answer
        raise answer


class ForkServers:
    """The fork server of each role; a new one if it has died."""

    def __init__(self) -> None:
        self._turn = Lock()
        self._servers: dict[Role, ForkServer] = {}

    def start(self) -> None:
        """Start both. Raises OSError."""
        self.of("reading")
        self.of("comparing")

    def of(self, role: Role) -> ForkServer:
        """The running server of this role; started if there is none. Raises OSError."""
        with self._turn:
            server = self._servers.get(role)
            if server is None or not server.is_alive:
                if server is not None:
                    server.close()
                server = self._servers[role] = ForkServer(role)
            return server

    def close(self) -> None:
        """End the servers and all their children."""
        for server in self._servers.values():
            server.close()
        self._servers.clear()


@contextmanager
def _signals_held() -> Iterator[None]:
    """Block Ctrl-C, SIGTERM and SIGHUP in processes started meanwhile: the daemon ends these itself."""
    held = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, held)
