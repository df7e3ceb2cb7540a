"""The child of a worker: a fork that reads and compares pictures, within limits, and may be lost."""

import os
import signal
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NoReturn

from watcher.workers.confinement import confine, die_with
from watcher.workers.recognizing import Recognized, loaded, recognize

PATIENCE = 0.05
BYTES_A_SECOND = 2_000_000
COMPARING = 0.25
SHORTEST_LOOK = 0.01
STEP_BACK = 10

Said = list[Recognized] | str | int | None
"""What the child says: its answers, what failed, or the index it reads next; None before it compares all."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a child may take: bytes of memory beyond what it starts with, and seconds for reading a picture.

    After `patience(file)` a picture is in the way of others. Where the child is `hurried`, it is taken from
    it; else the child steps back for whoever else wants the core, and goes on until the `deadline`.
    """

    memory: int
    deadline: float
    hurried: bool

    def reading(self, file: bytes) -> float:
        """The seconds that reading this file may take."""
        return min(self.deadline, self.patience(file)) if self.hurried else self.deadline

    def patience(self, file: bytes) -> float:
        """The seconds until reading this file is in the way of others; photographs take longer."""
        return PATIENCE + len(file) / BYTES_A_SECOND

    def comparing(self, count: int) -> float:
        """The seconds that comparing so many pictures may take."""
        return self.deadline + count * COMPARING


class Grief(Exception):  # noqa: N818 - what the child came to
    """The child died, took too long or failed; the text is the reason to give for what it had in hand."""


class Child:
    """A fork of this process.

    `reading` is the index of the file it reads, None while it reads none. One that has `stepped_back` gets
    less of the cores than others for the rest of its life.
    """

    def __init__(self, fitted: Path, memory: int) -> None:
        loaded(fitted)  # here, so that every fork has it
        self.reading: int | None = None
        self.stepped_back = False
        self._fitted = fitted
        self._memory = memory
        self._ended: int | None = None
        self._pipe, theirs = Pipe()
        parent = os.getpid()
        self._pid = os.fork()
        if self._pid == 0:
            self._pipe.close()
            _live(parent, theirs, fitted, memory)
        theirs.close()
        self._stopwatch = _Stopwatch(self._pid)

    def serves(self, fitted: Path, memory: int) -> bool:
        """Whether it lives, and was made for these."""
        if self._ended is None:
            pid, status = os.waitpid(self._pid, os.WNOHANG)
            self._ended = status if pid else None
        return self._ended is None and (self._fitted, self._memory) == (fitted, memory)

    def recognize(self, files: Sequence[bytes], limits: Limits) -> list[Recognized]:
        """What is on these pictures. Raises Grief; the child is of no more use then."""
        self.reading = None
        with suppress(BrokenPipeError):  # it has just died, which is heard below
            self._pipe.send(files)
        allowed = patience = limits.deadline
        while True:
            said = self._hear(allowed, patience)
            if isinstance(said, list):
                return said
            if isinstance(said, str):
                raise Grief(f"recognising it failed: {said}")
            self.reading = said
            if said is None:
                allowed = patience = limits.comparing(len(files))
            else:
                allowed, patience = limits.reading(files[said]), limits.patience(files[said])

    def end(self) -> int:
        """End it, if it has not ended by itself, and say how it did, as `waitpid` does."""
        if self._ended is None:
            os.kill(self._pid, signal.SIGKILL)  # does nothing to what is dead already
            _, self._ended = os.waitpid(self._pid, 0)
        if not self._pipe.closed:
            self._pipe.close()
            self._stopwatch.close()
        return self._ended

    def _hear(self, allowed: float, patience: float) -> Said:
        self._stopwatch.start()
        elapsed = 0.0
        try:
            while not self._pipe.poll(
                max(SHORTEST_LOOK, (patience if elapsed < patience else allowed) - elapsed)
            ):
                elapsed = self._stopwatch.elapsed()
                if elapsed >= allowed:
                    raise Grief(f"recognising it takes longer than {allowed:.3g} s")
                if elapsed >= patience:
                    self._step_back()
            said: Said = self._pipe.recv()
        except (EOFError, ConnectionResetError) as error:
            raise Grief(_death(self.end())) from error
        return said

    def _step_back(self) -> None:
        if not self.stepped_back:
            now = os.getpriority(os.PRIO_PROCESS, self._pid)
            os.setpriority(os.PRIO_PROCESS, self._pid, min(19, now + STEP_BACK))
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


def _live(parent: int, pipe: Connection, fitted: Path, memory: int) -> NoReturn:
    """The child's whole life. It never comes back to what its parent was about."""
    failed = 1
    try:
        die_with(parent)
        confine(memory)
        with suppress(EOFError):
            while True:
                pipe.send(_answer(fitted, pipe))
        failed = 0
    finally:
        os._exit(failed)


def _answer(fitted: Path, pipe: Connection) -> list[Recognized] | str:
    files = pipe.recv()
    try:
        return recognize(fitted, files, pipe.send)
    except Exception as error:  # noqa: BLE001 - whatever it is, one picture has to answer for it
        return f"{type(error).__name__}: {error}"


def _death(status: int) -> str:
    if os.WIFSIGNALED(status):
        return f"it brings down the process that reads it ({signal.Signals(os.WTERMSIG(status)).name})"
    return f"it ends the process that reads it (exit code {os.waitstatus_to_exitcode(status)})"
