"""Recognising behind a guard: a picture that crashes, ends or hangs the process that reads it is found out.

A reader puts pictures on a slate, and a comparer says what they show. Both are processes that may be lost.
What is on the slate stays there: the next reader goes on after the file that the last one was lost over.
"""

import os
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
from watcher.workers.sandbox.child import Child, Grief, Task
from watcher.workers.sandbox.fork_client import ForkServerDiedError, ForkServers
from watcher.workers.sandbox.fork_server import Trade
from watcher.workers.sandbox.shared_buffer import SLATES, SLOTS, Slate, State, anonymous_memory, slates_in

PATIENCE = 0.01
BYTES_A_SECOND = 2_000_000
COMPARING = 0.25
AT_ONCE = SLATES


@dataclass(frozen=True, slots=True)
class Limits:
    """What recognising may take: bytes of memory beyond what a child starts with, and seconds a picture.

    After `patience(file)` a file is in the way of others. Where readers are `hurried`, it is taken from
    them; else they step back for whoever else wants the core, and go on until the `deadline`.
    """

    memory: int
    deadline: float
    hurried: bool

    def reading(self, index: int | None, file: bytes) -> Task:
        """Reading this file; the index is None before the first one and after the last."""
        patience = PATIENCE + len(file) / BYTES_A_SECOND  # photographs take longer
        hurried = self.hurried and index is not None
        return Task(index, min(self.deadline, patience) if hurried else self.deadline, patience)

    def comparing(self, count: int) -> Task:
        """Comparing so many pictures."""
        seconds = self.deadline + count * COMPARING
        return Task(None, seconds, seconds)


class Guard:
    """Keeps one reader and one comparer at work. For `AT_ONCE` threads at a time.

    While the comparer has one batch, the reader goes on with the next: what a file does to the reader, or has
    it wait for, holds up no comparing.
    """

    def __init__(self, servers: ForkServers, nice: int) -> None:
        self._servers = servers
        self._nice = nice
        self._children: dict[Trade, Child] = {}
        self._turns: dict[Trade, Lock] = {"reading": Lock(), "comparing": Lock()}
        self._memory = anonymous_memory()
        self._slates = slates_in(self._memory)
        self._free = SimpleQueue[Slate]()
        for slate in self._slates:
            self._free.put(slate)

    def recognize(self, fitted: Path, files: Sequence[bytes], limits: Limits) -> list[Recognized]:
        """Recognise a batch; a file that a child came to grief over is answered with that.

        Raises Grief where it came to grief over no single one, UnfitReferencesError, ForkServerDiedError,
        and OSError where the system lacks what it takes to go on.
        """
        comparer = self._children.get("comparing")
        if comparer is None or not comparer.serves(fitted, limits.memory):
            self.make_ready(fitted, limits.memory)  # where that fails, no file was begun
        slate = self._free.get()
        try:
            found: list[Recognized] = []
            for start in range(0, max(1, len(files)), SLOTS):
                found += self._recognize(fitted, files[start : start + SLOTS], limits, slate)
            return found
        finally:
            self._free.put(slate)

    def make_ready(self, fitted: Path, memory: int) -> None:
        """Have a reader and a comparer that wait for something to do."""
        for trade, turn in self._turns.items():
            with turn:
                self._child(trade, fitted, memory)

    def close(self) -> None:
        """End them."""
        for trade in list(self._children):
            self._end(trade)
        for slate in self._slates:
            slate.close()
        os.close(self._memory)

    def _recognize(
        self, fitted: Path, files: Sequence[bytes], limits: Limits, slate: Slate
    ) -> list[Recognized]:
        slate.clear()
        with self._turns["reading"]:
            self._child("reading", fitted, limits.memory)
            self._read(fitted, files, limits, slate)
        with self._turns["comparing"]:
            self._child("comparing", fitted, limits.memory)
            readings = self._compare(fitted, files, limits, slate)
        return [
            Recognized(sha256(file).hexdigest(), readings[index])
            if index in readings
            else Recognized(sha256(file).hexdigest(), None, slate.reason(index), grief=slate.is_grief(index))
            for index, file in enumerate(files)
        ]

    def _read(self, fitted: Path, files: Sequence[bytes], limits: Limits, slate: Slate) -> None:
        """Have every file come to an end on the slate. What was begun once is never begun again."""

        def task() -> Task:
            index = slate.begun
            return limits.reading(index, files[index or 0])

        while left := slate.indices(len(files), State.BLANK):
            question = slate.number, [(index, files[index]) for index in left]
            try:
                self._ask("reading", fitted, limits.memory, question, task)
            except Grief as grief:
                lost = slate.begun
                if lost is None:
                    raise
                slate.begun = None
                if slate.state(lost) is State.BLANK:  # else it was lost on its way to the next one
                    slate.keep_reason(lost, State.LOST, str(grief))

    def _compare(
        self, fitted: Path, files: Sequence[bytes], limits: Limits, slate: Slate
    ) -> dict[int, Reading]:
        """The readings of all that was read, by index; over which one a comparer is lost is found out."""
        pictures = slate.indices(len(files), State.READ)
        readings: dict[int, Reading] = {}
        attempts = [pictures] if pictures else []
        while attempts:
            indices = attempts.pop()
            task = partial(limits.comparing, len(indices))
            try:
                answer = self._ask("comparing", fitted, limits.memory, (slate.number, indices), task)
            except Grief as grief:
                if len(indices) == 1:
                    slate.keep_reason(indices[0], State.LOST, str(grief))
                else:
                    attempts += [[index] for index in indices]
            else:
                readings.update(zip(indices, answer, strict=True))
        return readings

    def _ask(
        self, trade: Trade, fitted: Path, memory: int, question: object, task: Callable[[], Task]
    ) -> Any:
        child = self._child(trade, fitted, memory)
        is_sound = False
        try:
            answer = child.ask(question, task)
            is_sound = not child.stepped_back
        finally:
            if not is_sound:
                self._end(trade)
        return answer

    def _child(self, trade: Trade, fitted: Path, memory: int) -> Child:
        child = self._children.get(trade)
        if child is not None and (child.is_gone or not child.serves(fitted, memory)):
            self._end(trade)
            child = None
        if child is None:
            child = Child(self._servers.of(trade), self._memory, fitted, memory, self._nice)
            self._children[trade] = child
        return child

    def _end(self, trade: Trade) -> None:
        with suppress(ForkServerDiedError):  # its children with it
            self._children.pop(trade).end()
