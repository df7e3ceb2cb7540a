"""`watcher run` that notes, in hints.jsonl of the current folder, when it was told of which file.

One [path, seconds] a line; the seconds are of the monotonic clock, which all processes share.
"""

import json
import runpy
import sys
import time
from pathlib import Path

from watcher.folders.arrivals import Arrivals


def main() -> None:
    """Run until asked to stop."""
    hint, hints = Arrivals.notice, list[tuple[str, float]]()

    def noted(self: Arrivals, path: str) -> None:
        hints.append((path, time.monotonic()))
        hint(self, path)

    Arrivals.notice = noted  # type: ignore[method-assign]
    sys.argv = ["watcher", "run"]
    try:
        runpy.run_module("watcher", run_name="__main__")
    finally:
        Path("hints.jsonl").write_text("".join(json.dumps(entry) + "\n" for entry in hints))


if __name__ == "__main__":
    main()
