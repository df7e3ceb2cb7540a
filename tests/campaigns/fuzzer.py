"""A fuzzer that is led by coverage: a file that takes a new way through the code is kept and changed further.

It reads in a process of its own, which writes down what it is about to read: where a decoder crashes that
process or never ends, the file that did it is known.
"""

import json
import mmap
import os
import random
import resource
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from campaigns.mutation import LONGEST, changed
from PIL import Image

from watcher.errors import LacksMemory, Unreadable
from watcher.recognition import read_picture
from watcher.recognition.images import decode

CPU_SECONDS = 5
MEMORY = 1 << 30
CODE = (str(Path(decode.__file__).parent), str(Path(Image.__file__).parent))
ROOT = Path(__file__).parents[2]


class Coverage:
    """The steps from line to line that were taken, in our code and in the decoders' Python.

    `new` is how many of those that were taken last were taken for the first time.
    """

    def __init__(self) -> None:
        self.seen: set[tuple[int, int, int]] = set()
        self.new = 0

    def of(self, work: Callable[[], object]) -> None:
        """Do something, and watch the steps; whatever it raises is passed on."""
        before = len(self.seen)
        sys.settrace(self._enter)
        try:
            work()
        finally:
            sys.settrace(None)
            self.new = len(self.seen) - before

    def _enter(self, frame: FrameType, _event: str, _arg: Any) -> Callable[..., Any] | None:
        code = frame.f_code
        if not code.co_filename.startswith(CODE):
            return None
        name = hash((code.co_filename, code.co_firstlineno))
        before = 0

        def step(frame: FrameType, event: str, _arg: Any) -> Callable[..., Any]:
            nonlocal before
            if event == "line":
                self.seen.add((name, before, frame.f_lineno))
                before = frame.f_lineno
            return step

        return step


def fuzz(files: Sequence[bytes], seconds: float, seed: int, hand: mmap.mmap) -> dict[str, Any]:
    """Read these files and changed ones for so long, each of them out of `hand`; tell what came of it."""
    chance = random.Random(seed)  # noqa: S311 - keeps no secret
    coverage = Coverage()
    corpus: list[bytes] = []
    found: dict[str, str] = {}
    read = tried = 0
    slowest = 0.0
    give_up = time.monotonic() + seconds
    while time.monotonic() < give_up or tried < len(files):
        data = files[tried] if tried < len(files) else changed(chance, chance.choice(corpus), corpus)
        hand[: 8 + len(data)] = len(data).to_bytes(8) + data
        signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
        before = time.process_time()
        try:
            coverage.of(lambda data=data: read_picture(data))  # type: ignore[misc]
            read += 1
        except LacksMemory:
            found["it takes too much memory"] = data.hex()
        except Unreadable:
            pass
        except Exception:  # noqa: BLE001 - none of them is expected
            found[traceback.format_exc()] = data.hex()
        slowest = max(slowest, time.process_time() - before)
        tried += 1
        if coverage.new or tried <= len(files):
            corpus.append(data)
    return {
        "executions": tried,
        "per_second": round(tried / seconds),
        "read": read,
        "corpus": len(corpus),
        "steps": len(coverage.seen),
        "slowest": round(slowest, 3),
        "found": found,
    }


def fuzzed(folder: Path, files: Sequence[bytes], seconds: float, seed: int) -> dict[str, Any]:
    """The same in a process of its own, its memory bounded; a crash or hang is among what is found."""
    for index, file in enumerate(files):
        (folder / f"{index:04}.seed").write_bytes(file)
    in_hand = folder / "in-hand"
    in_hand.write_bytes(bytes(8 + LONGEST))
    done = subprocess.run(
        [sys.executable, "-m", "campaigns.fuzzer", str(folder), str(seconds), str(seed)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "tests")))},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 0 and not done.stderr:
        report: dict[str, Any] = json.loads(done.stdout)
        return report
    held = in_hand.read_bytes()
    data = held[8 : 8 + int.from_bytes(held[:8])]
    return {"found": {f"it ended with {done.returncode}: {done.stderr}": data.hex()}}


def main(folder: Path, seconds: float, seed: int) -> None:
    """Fuzz with the seeds in a folder, and print what came of it."""
    now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + MEMORY, now + MEMORY))
    files = [file.read_bytes() for file in sorted(folder.glob("*.seed"))]
    with (folder / "in-hand").open("r+b") as file, mmap.mmap(file.fileno(), 0) as hand:
        print(json.dumps(fuzz(files, seconds, seed, hand)))  # noqa: T201 - to who started it


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]))
