"""The workers: bytes go in, recognised pictures come out. No SQL here, and no moving of files."""

from watcher.workers.child import Grief
from watcher.workers.pool import Pool
from watcher.workers.recognizing import Recognized, recognize

__all__ = ["Grief", "Pool", "Recognized", "recognize"]
