"""A scanner: drops pictures, and a few files that are none, in every way there is; flushes nothing.

    producer.py INBOX BESIDE MANIFEST [--rate 50] [--count 1000] [--most 200] [--name NAME]

Each content exists once, so that none can stand for another. The manifest has a line for each file, the
name and the SHA-256, written before it is dropped. On SIGTERM it finishes the file it is at, and ends.
"""

import argparse
import itertools
import json
import os
import signal
import sys
import threading
import time
from hashlib import sha256
from pathlib import Path
from types import FrameType

IMAGES = sorted((Path(__file__).parents[2] / "images").glob("*.jpg"))
WAYS = ("write", "slow", "hide", "move", "link")


def content(template: bytes, mark: str) -> bytes:
    """The same picture as a JPEG file of its own: with a comment in it."""
    comment = mark.encode()
    return template[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2) + comment + template[2:]


def put(way: str, data: bytes, goal: Path, beside: Path) -> None:
    """Drop one file; when it returns, the file is complete in the inbox."""
    part = goal.with_name(f".{goal.name}.tmp") if way == "hide" else beside / goal.name
    if way == "write":
        goal.write_bytes(data)
    elif way == "slow":
        with goal.open("wb", buffering=0) as file:
            for start in range(0, len(data), 1024):
                file.write(data[start : start + 1024])
                time.sleep(0.005)
    else:
        part.write_bytes(data)
        if way == "link":
            os.link(part, goal)
            part.unlink()
        else:
            part.rename(goal)


def main() -> None:
    """Drop until it is enough, or until SIGTERM."""
    ask = argparse.ArgumentParser()
    ask.add_argument("inbox", type=Path)
    ask.add_argument("beside", type=Path)
    ask.add_argument("manifest", type=Path)
    ask.add_argument("--rate", type=float, default=50.0)
    ask.add_argument("--count", type=int, default=sys.maxsize)
    ask.add_argument("--most", type=int, default=200, help="wait while so many lie in the inbox")
    ask.add_argument("--name", help="drop one picture by this name, again whenever the name is free")
    asked = ask.parse_args()
    enough = threading.Event()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        enough.set()

    signal.signal(signal.SIGTERM, stop)
    pictures = [path.read_bytes() for path in IMAGES[: 1 if asked.name else None]]
    asked.beside.mkdir(exist_ok=True)
    start = time.monotonic()
    with asked.manifest.open("a", buffering=1) as manifest:
        for index in itertools.islice(itertools.count(), asked.count):
            if enough.wait(max(0.0, start + index / asked.rate - time.monotonic())):
                return
            name, data = f"scan-{index}.jpg", content(pictures[index % len(pictures)], f"{start} {index}")
            if index % 23 == 22 and not asked.name:
                name, data = f"letter-{index}.txt", f"{start} {index}".encode()
            goal = asked.inbox / (asked.name or name)
            while goal.exists() or len(os.listdir(asked.inbox)) > asked.most:  # noqa: PTH208 - counted often
                if enough.wait(0.001):
                    return
            manifest.write(json.dumps([goal.name, sha256(data).hexdigest()]) + "\n")
            put(WAYS[index % len(WAYS)], data, goal, asked.beside)


if __name__ == "__main__":
    main()
