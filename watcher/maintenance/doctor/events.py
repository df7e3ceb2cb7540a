"""The system's events: whether they come, how soon, and whether there are enough of them."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

from watcher.config.settings import Config
from watcher.folders.events import watching
from watcher.maintenance.doctor.findings import Finding, ok, warn, wrong
from watcher.text import counted, error_text

PATIENCE = 1.0
"""How long, in seconds, an event may take; they come within milliseconds or not at all."""
LIMITS = Path("/proc/sys/fs/inotify")
FEW_QUEUED = 1024


def delivery(config: Config) -> Iterator[Finding]:
    """Whether the system tells of a file that is dropped."""
    what, inbox = "events", config.inbox
    if inbox.polling is True:
        yield ok(what, f"not used: the inbox is swept every {inbox.sweep_seconds:g} s")
    elif not inbox.path.is_dir():
        yield warn(what, "not tried: there is no inbox", "see inbox above")
    else:
        fault, milliseconds = _timed(inbox.path)
        if fault is None:
            yield ok(what, f"told of a new file after {milliseconds:.1f} ms")
        else:
            yield _untold(config, what, fault)


def limits(config: Config) -> Iterator[Finding]:
    """Whether inotify allows what the inbox needs."""
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
        yield _untold(
            config, what, f"{figure}: too few", f"`sysctl fs.inotify.max_user_watches={2 * needed}`"
        )
    elif queued < FEW_QUEUED:
        yield warn(
            what,
            figure,
            f"bursts of files wait for a sweep; `sysctl fs.inotify.max_queued_events={16 * FEW_QUEUED}`",
        )
    else:
        yield ok(what, figure)


def _timed(inbox: Path) -> tuple[str | None, float]:
    """Why no event came, None where it came; and the milliseconds until it came."""
    try:
        with watching(inbox, lambda _path: None, recursive=False) as watch:
            start = time.perf_counter()
            if watch.probe(PATIENCE):
                return None, (time.perf_counter() - start) * 1000
    except OSError as error:
        return error_text(error), 0.0
    return f"none came within {PATIENCE:g} s", 0.0


def _untold(config: Config, what: str, figure: str, remedy: str | None = None) -> Finding:
    """Without events the sweeps still find all files, unless the settings forbid to do without."""
    inbox = config.inbox
    if inbox.polling is False:
        return wrong(what, figure, remedy or 'write `polling = "auto"` or `true` in config.toml')
    sweeping = f"files are found by the sweep every {inbox.sweep_seconds:g} s"
    return warn(what, figure, f"{sweeping}; {remedy or 'on network shares this is all there is'}")


def _subfolders(path: Path) -> int:
    return sum(len(folders) for _, folders, _ in os.walk(path))
