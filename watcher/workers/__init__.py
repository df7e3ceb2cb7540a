"""Workers: the bytes of files go in, recognized digits come out. No SQL, and no moving of files."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from watcher.workers.pool import Pool
    from watcher.workers.recognize import Recognized
    from watcher.workers.sandbox.child import WorkerFailure

__all__ = ["Pool", "Recognized", "WorkerFailure"]

HOMES = {
    "WorkerFailure": "sandbox.child",
    "Pool": "pool",
    "Recognized": "recognize",
    "recognize": "recognize",
}


def __getattr__(name: str) -> Any:
    """Import a public name on first use: a process that only reads pictures loads little."""
    if name not in HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{HOMES[name]}"), name)
