"""The guard: finds the picture that crashes, ends or hangs the process that reads it.

A reader puts pictures into a shared buffer, and a comparer recognizes them. Both are processes that may die.
The buffer survives them: the next reader continues after the file on which the last one died.
"""

import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from queue import SimpleQueue
from threading import Lock
from typing import Any

from watcher.recognition.reading import Reading
from watcher.workers.recognize import Recognized
from watcher.workers.sandbox.child import Child, Task, WorkerFailure
from watcher.workers.sandbox.fork_client import ForkServerDiedError, ForkServers
from watcher.workers.sandbox.fork_server import Role
from watcher.workers.sandbox.shared_buffer import (
    BUFFERS,
    SLOTS,
    SharedBuffer,
    State,
    anonymous_memory,
    buffers_in,
)

PATIENCE = 0.01
BYTES_A_SECOND = 2_000_000
COMPARING = 0.25
AT_ONCE = BUFFERS


@dataclass(frozen=True, slots=True)
class Limits:
    """The bytes of memory that a child may use beyond what it starts with, and the seconds for a picture.

    After its patience (see `reading`) a file delays others. On the `first_try` its reader is then ended; else
    the reader's priority is lowered, and it goes on until the `deadline`.
    """

    memory: int
    deadline: float
    first_try: bool

    def reading(self, index: int | None, file: bytes) -> Task:
        """The limits for reading this file; the index is None before the first file and after the last."""
        patience = PATIENCE + len(file) / BYTES_A_SECOND  # photographs take longer
        ends_early = self.first_try and index is not None
        return Task(index, min(self.deadline, patience) if ends_early else self.deadline, patience)

    def comparing(self, count: int) -> Task:
        """The limits for comparing this many pictures."""
        seconds = self.deadline + count * COMPARING
        return Task(None, seconds, seconds)


class Guard:
    """One reader and one comparer, for up to `AT_ONCE` threads at a time.

    While the comparer has one batch, the reader reads the next. So a file that delays or ends the reader does
    not delay the comparer.
    """

    def __init__(self, servers: ForkServers, nice: int) -> None:
        self._servers = servers
        self._nice = nice
        self._children: dict[Role, Child] = {}
        self._turns: dict[Role, Lock] = {"reading": Lock(), "comparing": Lock()}
        self._memory = anonymous_memory()
        self._buffers = buffers_in(self._memory)
        self._free = SimpleQueue[SharedBuffer]()
        for buffer in self._buffers:
            self._free.put(buffer)

    def recognize(self, model: Path, files: Sequence[bytes], limits: Limits) -> list[Recognized]:
        """Recognize a batch; if a child fails on a file, that file's answer says so.

        Raises WorkerFailure if no single file is the cause, UnfitReferencesError, ForkServerDiedError, and
        OSError if the system lacks resources.
        """
        comparer = self._children.get("comparing")
        if comparer is None or not comparer.serves(model, limits.memory):
            self.make_ready(model, limits.memory)  # if this fails, no file has been started
        buffer = self._free.get()
        try:
            found: list[Recognized] = []
            for start in range(0, max(1, len(files)), SLOTS):
                found += self._recognize(model, files[start : start + SLOTS], limits, buffer)
            return found
        finally:
            self._free.put(buffer)

    def make_ready(self, model: Path, memory: int) -> None:
        """Start the reader and the comparer if they do not run."""
        for role, turn in self._turns.items():
            with turn:
                self._child(role, model, memory)

    def close(self) -> None:
        """End the reader and the comparer."""
        for role in list(self._children):
            self._end(role)
        for buffer in self._buffers:
            buffer.close()
        os.close(self._memory)

    def _recognize(
        self, model: Path, files: Sequence[bytes], limits: Limits, buffer: SharedBuffer
    ) -> list[Recognized]:
        buffer.clear()
        with self._turns["reading"]:
            self._child("reading", model, limits.memory)
            self._read(model, files, limits, buffer)
        with self._turns["comparing"]:
            self._child("comparing", model, limits.memory)
            readings, compared = self._compare(model, files, limits, buffer)
        return [
            Recognized(
                sha256(file).hexdigest(),
                readings.get(index),
                None if index in readings else buffer.reason(index),
                failure=index not in readings and buffer.is_failure(index),
                seconds=buffer.seconds(index) + compared.get(index, 0.0),
            )
            for index, file in enumerate(files)
        ]

    def _read(self, model: Path, files: Sequence[bytes], limits: Limits, buffer: SharedBuffer) -> None:
        """Read every file into the buffer, as a picture or a reason. No file is started twice."""

        def task() -> Task:
            index = buffer.begun
            return limits.reading(index, files[index or 0])

        while left := buffer.indices(len(files), State.BLANK):
            question = buffer.number, [(index, files[index]) for index in left]
            began = time.monotonic()
            try:
                self._ask("reading", model, limits.memory, question, task)
            except WorkerFailure as failure:
                lost = buffer.begun
                if lost is None:
                    raise
                buffer.begun = None
                others = sum(buffer.seconds(index) for index in left if index != lost)
                buffer.store_seconds(lost, max(time.monotonic() - began - others, 0.0))
                if buffer.state(lost) is State.BLANK:  # else the reader died between two files
                    buffer.store_reason(lost, State.LOST, str(failure))

    def _compare(
        self, model: Path, files: Sequence[bytes], limits: Limits, buffer: SharedBuffer
    ) -> tuple[dict[int, Reading], dict[int, float]]:
        """The readings of all pictures in the buffer, and the seconds that comparing each took, by index.

        Pictures that are compared together share the time equally.
        If the comparer dies over several pictures, each is compared alone, to find the one that causes it.
        """
        several = set(buffer.indices(len(files), State.SEVERAL))
        pictures = sorted([*buffer.indices(len(files), State.READ), *several])
        readings: dict[int, Reading] = {}
        seconds = dict.fromkeys(pictures, 0.0)
        attempts = [pictures] if pictures else []
        while attempts:
            indices = attempts.pop()
            task = partial(limits.comparing, len(indices))
            began = time.monotonic()
            try:
                answer = self._ask("comparing", model, limits.memory, (buffer.number, indices), task)
            except WorkerFailure as failure:
                if len(indices) == 1:
                    buffer.store_reason(indices[0], State.LOST, str(failure))
                else:
                    attempts += [[index] for index in indices]
            else:
                for index, reading in zip(indices, answer, strict=True):
                    readings[index] = reading.of_several() if index in several else reading
            for index in indices:
                seconds[index] += (time.monotonic() - began) / len(indices)
        return readings, seconds

    def _ask(self, role: Role, model: Path, memory: int, question: object, task: Callable[[], Task]) -> Any:
        child = self._child(role, model, memory)
        is_sound = False
        try:
            answer = child.ask(question, task)
            is_sound = not child.stepped_back
        finally:
            if not is_sound:
                self._end(role)
        return answer

    def _child(self, role: Role, model: Path, memory: int) -> Child:
        child = self._children.get(role)
        if child is not None and (child.is_gone or not child.serves(model, memory)):
            self._end(role)
            child = None
        if child is None:
            child = Child(self._servers.of(role), self._memory, model, memory, self._nice)
            self._children[role] = child
        return child

    def _end(self, role: Role) -> None:
        with suppress(ForkServerDiedError):  # then its children are dead too
            self._children.pop(role).end()
