"""The demonstration: sample pictures, and a real daemon that is followed through its log."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

import numpy as np

from watcher.config.load import PREFIX
from watcher.errors import WatcherError
from watcher.pen.drawing import draw
from watcher.pen.ink import png

WRITER = 2
"""A seed of the pen that gives other handwriting than the references have."""
READY_SECONDS = 120.0
SORTED_SECONDS = 30.0
STOP_SECONDS = 10.0

Event = dict[str, Any]


def samples() -> list[tuple[str, bytes]]:
    """(name, content) as a scanner may drop them: clear digits, one name twice, a blot, and no picture."""
    blot = np.minimum(draw(WRITER, 3, 1), draw(WRITER, 5, 1))
    return [
        ("meter-0412.png", png(draw(WRITER, 7, 0))),
        ("ballot-17.png", png(draw(WRITER, 3, 0))),
        ("exam-ada.png", png(draw(WRITER, 9, 0))),
        ("ballot-17.png", png(draw(WRITER, 3, 2))),
        ("written-over.png", png(blot)),
        ("notes.txt", b"milk, eggs\n"),
    ]


class Demonstration:
    """A daemon that runs in a folder of its own."""

    def __init__(self, folder: Path, process: subprocess.Popen[str]) -> None:
        self._inbox = folder / "inbox"
        self._process = process
        self._events: SimpleQueue[Event | None] = SimpleQueue()
        threading.Thread(target=self._listen, daemon=True).start()

    def wait_until_ready(self) -> Event:
        """Its log event when it is ready. Raises WatcherError if it ends or says nothing before."""
        return self._next("ready", READY_SECONDS)

    def drop(self, name: str, content: bytes) -> Event:
        """Put a file into the inbox; returns its log event. Raises WatcherError, OSError."""
        unfinished = self._inbox / f".{name}"
        unfinished.write_bytes(content)
        unfinished.rename(self._inbox / name)
        return self._next("picture", SORTED_SECONDS)

    def _next(self, event: str, seconds: float) -> Event:
        said: Event | None = {}
        while said is not None:
            try:
                said = self._events.get(timeout=seconds)
            except Empty:
                raise WatcherError(
                    f"the demonstration's daemon has logged nothing for {seconds:g} s; run `watcher doctor`"
                ) from None
            if said is not None and said["event"] == event:
                return said
        assert self._process.stderr is not None
        why = self._process.stderr.read().strip() or "it gave no reason"
        raise WatcherError(f"the demonstration's daemon ended: {why}; run `watcher doctor`")

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._events.put(json.loads(line))
        self._events.put(None)


@contextmanager
def demonstrating(folder: Path) -> Iterator[Demonstration]:
    """Run a daemon that watches `inbox` of an empty folder; it has ended at the end of the context."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    paths = [str(Path(__file__).parents[2]), *filter(None, [ours.get("PYTHONPATH")])]
    with subprocess.Popen(
        [sys.executable, "-m", "watcher", "run"],
        cwd=folder,
        env=ours | {"PYTHONPATH": os.pathsep.join(paths)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield Demonstration(folder, process)
        finally:
            process.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                process.wait(STOP_SECONDS)
            process.kill()
