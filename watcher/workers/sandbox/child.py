"""A child of a fork server as its guard sees it: asked, timed, and ended."""

import os
import select
import signal
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from watcher.workers.sandbox.fork_client import ForkServer
from watcher.workers.sandbox.pipe import Pipe

SHORTEST_LOOK, LONGEST_LOOK = 0.002, 0.02
STEP_BACK = 15


@dataclass(frozen=True, slots=True)
class Task:
    """What a child is at: which step of its work, and the seconds that this may take.

    After `patience` it is in the way of others, and steps back for whoever else wants the core.
    """

    step: int | None
    allowed: float
    patience: float


class WorkerFailure(Exception):  # noqa: N818 - what the child came to
    """The child died, took too long or failed; the text is the reason to give for what it had in hand."""


class Child:
    """One that reads or compares, for as long as it lives.

    One that has `stepped_back` gets less of the cores than others for the rest of its life.
    """

    def __init__(self, server: ForkServer, buffer: int, model: Path, memory: int, nice: int) -> None:
        self._made_for = (model, memory)
        self.stepped_back = False
        self._server = server
        self._ended: int | None = None
        ours, theirs = socket.socketpair()
        self._pipe = Pipe(ours)
        try:
            with theirs:
                self._pid = server.fork(model, memory, nice, (theirs.fileno(), buffer))
            self._stopwatch = _Stopwatch(self._pid)
        except BaseException:
            self._pipe.close()
            raise
        self._poll = select.poll()
        self._poll.register(self._pipe, select.POLLIN)

    @property
    def is_gone(self) -> bool:
        """Whether it has died; while it has nothing to do, it has nothing to say but that."""
        return bool(self._poll.poll(0))

    def serves(self, model: Path, memory: int) -> bool:
        """Whether it was made for these."""
        return self._made_for == (model, memory)

    def ask(self, question: object, task: Callable[[], Task]) -> Any:
        """Its answer; `task` tells what it is at. Raises WorkerFailure: it is of no more use then."""
        with suppress(BrokenPipeError):  # it has just died, which is heard below
            self._pipe.send(question)
        self._wait(task)
        try:
            said = self._pipe.receive()
        except (EOFError, ConnectionResetError) as error:
            raise WorkerFailure(_death(self.end())) from error
        if isinstance(said, str):
            raise WorkerFailure(f"recognizing it failed: {said}")
        return said

    def end(self) -> int:
        """End it, if it has not ended by itself, and say how it did, as `waitpid` does."""
        if not self._pipe.is_closed:
            self._pipe.close()
            self._stopwatch.close()
        if self._ended is None:
            self._ended = self._server.reap(self._pid)
        return self._ended

    def _wait(self, task: Callable[[], Task]) -> None:
        now = task()
        self._stopwatch.start()
        elapsed = 0.0
        while True:
            # A step counts from the look at which it is seen first, so that looks are to be close together.
            look = min(LONGEST_LOOK, now.patience / 4) if elapsed < now.patience else LONGEST_LOOK
            if self._poll.poll(1000 * max(SHORTEST_LOOK, min(look, now.allowed - elapsed))):
                return
            before, now = now, task()
            if now.step != before.step:
                self._stopwatch.start()
                elapsed = 0.0
                continue
            elapsed = self._stopwatch.elapsed()
            if elapsed >= now.allowed:
                raise WorkerFailure(f"recognizing it takes longer than {now.allowed:.3g} s")
            if elapsed >= now.patience:
                self._step_back()

    def _step_back(self) -> None:
        if os.getpriority(os.PRIO_PROCESS, self._pid) < STEP_BACK:
            os.setpriority(os.PRIO_PROCESS, self._pid, STEP_BACK)
            self.stepped_back = True


class _Stopwatch:
    """The seconds a process takes; those that it waits for a free core do not count."""

    def __init__(self, pid: int) -> None:
        self._state = os.open(f"/proc/{pid}/stat", os.O_RDONLY | os.O_CLOEXEC)
        self._schedule = os.open(f"/proc/{pid}/schedstat", os.O_RDONLY | os.O_CLOEXEC)
        self.start()

    def start(self) -> None:
        self._started = time.monotonic()
        self._ran, self._waited = self._scheduled()

    def elapsed(self) -> float:
        ran, waited = self._scheduled()
        if os.pread(self._state, 1000, 0).rpartition(b")")[2].split()[0] == b"R":
            return ran - self._ran  # the kernel tells of a wait only when it is over
        return time.monotonic() - self._started - (waited - self._waited)

    def close(self) -> None:
        os.close(self._state)
        os.close(self._schedule)

    def _scheduled(self) -> tuple[float, float]:
        """The seconds that it ran, and those that it could have run had there been a core."""
        ran, waited, _ = os.pread(self._schedule, 100, 0).split()
        return int(ran) / 1e9, int(waited) / 1e9


def _death(status: int) -> str:
    if os.WIFSIGNALED(status):
        return f"it brings down the process that reads it ({signal.Signals(os.WTERMSIG(status)).name})"
    return f"it ends the process that reads it (exit code {os.waitstatus_to_exitcode(status)})"
