"""What a daemon keeps beside its database for who asks how it is: a small file that it writes in place."""

import os
import time
import zlib
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from watcher.monitoring.faults import Fault

SIZE = 4096
LONGEST_WORDS = 1000
TRIES, PAUSE = 5, 0.01


class Phase(StrEnum):
    """How far a daemon's life has come."""

    STARTING = "starting"
    READY = "ready"
    STOPPING = "stopping"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class State:
    """A daemon as it saw itself last; all times are Unix seconds.

    `ended_by` is the fault that ended it, if any. `last_fault` is the last that it met and went on from; of
    those that are not over there are so many `troubles`.
    """

    pid: int
    phase: Phase
    started: float
    seen: float
    troubles: int = 0
    last_fault: Fault | None = None
    ended_by: str | None = None


_STATE = TypeAdapter(State)


class StateFile:
    """One file of one block, written over: that takes no space, so that a full disk can be told of as well.

    A checksum tells who reads it in the middle of a write, or after a power cut, that this is not the state.
    """

    def __init__(self, database: Path) -> None:
        """It lies beside the database."""
        self.path = database.with_name(f"{database.name}.state")

    def write(self, state: State) -> None:
        """Keep a state. Raises OSError."""
        text = _STATE.dump_json(state)
        block = (b"%08x %s" % (zlib.crc32(text), text)).ljust(SIZE - 1) + b"\n"
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666)
        try:
            os.pwrite(descriptor, block, 0)
        finally:
            os.close(descriptor)

    def read(self) -> State | None:
        """The state that was kept last; None where there is none, or none that can be believed.

        Raises OSError where it may not be read.
        """
        for _ in range(TRIES):
            try:
                content = self.path.read_bytes()
            except FileNotFoundError:
                return None
            checksum, _, text = content.rstrip().partition(b" ")
            with suppress(ValidationError):
                if checksum == b"%08x" % zlib.crc32(text):
                    return _STATE.validate_json(text)
            time.sleep(PAUSE)
        return None
