"""The state file: where a daemon keeps its state for `watcher status`, next to its database."""

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
    """The phases of a daemon's life."""

    STARTING = "starting"
    READY = "ready"
    STOPPING = "stopping"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class State:
    """A daemon's own view of itself; all times are Unix seconds.

    `seen` is when it was written. `troubles` is how many faults last now, and `last_fault` is the newest one.
    `ended_by` is the fault that ended the daemon, if any. `dropped_lines` is how many log lines could not be
    written since its start.
    """

    pid: int
    phase: Phase
    started: float
    seen: float
    troubles: int = 0
    last_fault: Fault | None = None
    ended_by: str | None = None
    dropped_lines: int = 0


_STATE = TypeAdapter(State)


class StateFile:
    """A file of one block that is overwritten in place: this needs no space, so it works on a full disk.

    A checksum shows a reader when the block is only half written, during a write or after a power cut.
    """

    def __init__(self, database: Path) -> None:
        """The file lies next to the database."""
        self.path = database.with_name(f"{database.name}.state")

    def write(self, state: State) -> None:
        """Overwrite the file with a state. Raises OSError."""
        text = _STATE.dump_json(state)
        block = (b"%08x %s" % (zlib.crc32(text), text)).ljust(SIZE - 1) + b"\n"
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666)
        try:
            os.pwrite(descriptor, block, 0)
        finally:
            os.close(descriptor)

    def read(self) -> State | None:
        """The state that was written last; None if there is none, or none with a valid checksum.

        Raises OSError if the file may not be read.
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
