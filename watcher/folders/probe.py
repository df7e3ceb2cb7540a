"""Probes: hidden, empty files that are there for an instant, to see what the disk and the system do."""

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PREFIX = ".watcher-probe-"
ABANDONED_SECONDS = 60.0


def drop_probe(folder: Path) -> Path:
    """Make a hidden file, close it and remove it at once: the path that events will name."""
    with tempfile.NamedTemporaryFile(dir=folder, prefix=PREFIX) as probe:
        return Path(probe.name)


@contextmanager
def unseen(folder: Path) -> Iterator[int]:
    """The descriptor of an empty file on a folder's disk; where the system can do that, it has no name."""
    with tempfile.TemporaryFile(dir=folder, prefix=PREFIX) as file:
        yield file.fileno()


def remove_abandoned(folder: Path) -> None:
    """Remove the probes of programs that were killed in that instant."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(PREFIX):
                with suppress(FileNotFoundError):
                    if time.time() - entry.stat(follow_symlinks=False).st_mtime > ABANDONED_SECONDS:
                        os.unlink(entry.path)
