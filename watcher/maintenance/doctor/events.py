"""Check the system's events: whether they come, how soon, and whether its limits are high enough."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

from watcher.config.settings import Config
from watcher.folders.events import watching
from watcher.maintenance.doctor.findings import Finding, ok, warn, wrong
from watcher.text import counted, error_text

PATIENCE = 1.0
"""Seconds that an event may take. Events come within milliseconds or not at all."""
LIMITS = Path("/proc/sys/fs/inotify")
FEW_QUEUED = 1024


def delivery(config: Config) -> Iterator[Finding]:
    """Whether the system gives an event for a new file."""
    what, inbox = "events", config.inbox
    if inbox.polling is True:
        yield ok(what, f"not used: a sweep finds files every {inbox.sweep_seconds:g} s")
    elif not inbox.path.is_dir():
        yield warn(what, "not tried: there is no inbox", "see inbox above")
    elif not os.access(inbox.path, os.R_OK | os.W_OK | os.X_OK):
        yield warn(what, "not tried: the inbox cannot be used", "see inbox above")
    else:
        fault, milliseconds = _timed(inbox.path)
        if fault is None:
            yield ok(what, f"a new file was reported after {milliseconds:.1f} ms")
        else:
            yield _no_events(config, what, fault)


def limits(config: Config) -> Iterator[Finding]:
    """Whether inotify's limits allow what the inbox needs."""
    what, inbox = "inotify", config.inbox
    if inbox.polling is True or not LIMITS.is_dir():
        return
    watches, instances, queued = (
        int((LIMITS / name).read_text())
        for name in ("max_user_watches", "max_user_instances", "max_queued_events")
    )
    needed = 1 + (_subfolders(inbox.path) if inbox.recursive else 0)
    figure = (
        f"{counted(needed, 'folder')} to watch of {watches:,} allowed; "
        f"{counted(instances, 'instance')}, {counted(queued, 'event')} in a queue"
    )
    if needed > watches:
        yield _no_events(
            config, what, f"{figure}: too few", f"`sysctl fs.inotify.max_user_watches={2 * needed}`"
        )
    elif queued < FEW_QUEUED:
        yield warn(
            what,
            figure,
            "many files at once wait for a sweep; "
            f"`sysctl fs.inotify.max_queued_events={16 * FEW_QUEUED}` avoids that",
        )
    else:
        yield ok(what, figure)


def _timed(inbox: Path) -> tuple[str | None, float]:
    """Why no event came, None if one came; and the milliseconds until it came."""
    try:
        with watching(inbox, lambda _path: None, recursive=False) as watch:
            start = time.perf_counter()
            if watch.probe(PATIENCE):
                return None, (time.perf_counter() - start) * 1000
    except OSError as error:
        return error_text(error), 0.0
    return f"none came within {PATIENCE:g} s", 0.0


def _no_events(config: Config, what: str, figure: str, remedy: str | None = None) -> Finding:
    """A warning, because sweeps still find all files; wrong if the settings require events."""
    inbox = config.inbox
    if inbox.polling is False:
        return wrong(what, figure, remedy or 'write `polling = "auto"` or `true` in config.toml')
    sweeping = f"a sweep finds files every {inbox.sweep_seconds:g} s"
    return warn(what, figure, f"{sweeping}; {remedy or 'on network shares there is no other way'}")


def _subfolders(path: Path) -> int:
    return sum(len(folders) for _, folders, _ in os.walk(path))
