"""Fills a folder as fast as the disk goes: each file is one more name of one of a few pictures.

    linker.py PICTURES FOLDER PREFIX COUNT

Says `ready`, waits for a line on its standard input, links, and prints when it began and when it had done, in
seconds of the clock that all processes share.
"""

import os
import sys
import time


def main() -> None:
    """Link `COUNT` names `PREFIX-N.jpg`, taking the pictures in turn."""
    pictures, folder, prefix, count = sys.argv[1:]
    sources = sorted(os.path.join(pictures, name) for name in os.listdir(pictures))  # noqa: PTH118, PTH208 - bare speed
    print("ready", flush=True)  # noqa: T201 - the answer
    sys.stdin.readline()
    begun = time.monotonic()
    for number in range(int(count)):
        os.link(sources[number % len(sources)], f"{folder}/{prefix}-{number}.jpg")
    print(begun, time.monotonic())  # noqa: T201 - the answer


if __name__ == "__main__":
    main()
