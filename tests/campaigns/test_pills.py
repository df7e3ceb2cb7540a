"""Pictures that crash, end, hang or starve the process that reads them, among many good ones.

The ordinary suite has a short form of it; `pytest -m campaign` the long one.
"""

import random
import signal
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from daemon import Daemon, Place, furnished, is_alive, reference_picture
from pills import FaultyDecoder, pill
from support import wait_until

KINDS = ("crash", "exit", "spin", "sleep", "memory")
REASONS = {
    "crash": "it brings down the process that reads it (SIGSEGV)",
    "exit": "it ends the process that reads it (exit code 3)",
    "spin": "recognising it takes longer than 1 s",
    "sleep": "recognising it takes longer than 1 s",
    "memory": "reading it takes more memory than there is for it",
}
SETTINGS = {"workers__deadline_seconds": 1, "workers__memory_megabytes": 256}


def good(count: int) -> dict[str, bytes]:
    return {f"good-{n}.jpg": reference_picture(n % 10, n // 10 % 40) for n in range(count)}


def pills(each: int, kinds: Iterable[str] = KINDS) -> dict[str, bytes]:
    return {f"{kind}-{n}.png": pill(kind, n) for kind in kinds for n in range(1, each + 1)}


def drop(place: Place, files: dict[str, bytes]) -> None:
    """Put them all there at once, in an order of chance."""
    order = list(files.items())
    random.Random(4).shuffle(order)  # noqa: S311 - keeps no secret
    for name, content in order:
        (place.inbox / name).write_bytes(content)


def seconds_for_good(rows: list[dict[str, Any]]) -> float:
    """From the first to the last good picture."""
    times = [time.fromisoformat(row["filed_at"]) for row in rows if row["name"].startswith("good")]
    return (max(times) - min(times)).total_seconds()
