"""A guard's handle on a child of a fork server: sends requests, measures their time, ends it."""

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
    """The step of its work that a child is doing, and the seconds that this may take.

    After `patience` seconds it delays others; then its priority is lowered.
    """

    step: int | None
    allowed: float
    patience: float


class WorkerFailure(Exception):  # noqa: N818 - the outcome of a request
    """The child died, took too long or failed; the text is the reason to report for its file."""


class Child:
    """One process that reads or compares.

    `stepped_back`: its priority was lowered, and stays low until it ends.
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
        """Whether it has died. Call it only while there is no request: then the pipe reports nothing else."""
        return bool(self._poll.poll(0))

    def serves(self, model: Path, memory: int) -> bool:
        """Whether it was started with this classifier and this memory limit."""
        return self._made_for == (model, memory)

    def ask(self, question: object, task: Callable[[], Task]) -> Any:
        """Send a request and wait for the answer; `task` returns what the child is doing.

        Raises WorkerFailure; then end the child.
        """
        with suppress(BrokenPipeError):  # it has just died; receiving reports that
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
        """End it if it has not ended yet; returns its status as `waitpid` does."""
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
            # A step's time starts when it is first seen here, so the checks must be close together.
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
    """The seconds that a process takes, without those in which it waits for a free core."""

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
            return ran - self._ran  # the kernel counts a wait only when it is over
        return time.monotonic() - self._started - (waited - self._waited)

    def close(self) -> None:
        os.close(self._state)
        os.close(self._schedule)

    def _scheduled(self) -> tuple[float, float]:
        """The seconds that it ran, and those that it waited for a core."""
        ran, waited, _ = os.pread(self._schedule, 100, 0).split()
        return int(ran) / 1e9, int(waited) / 1e9


def _death(status: int) -> str:
    if os.WIFSIGNALED(status):
        return f"it brings down the process that reads it ({signal.Signals(os.WTERMSIG(status)).name})"
    return f"it ends the process that reads it (exit code {os.waitstatus_to_exitcode(status)})"
