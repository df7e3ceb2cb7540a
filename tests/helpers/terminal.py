"""Run a command as on a terminal of a given width."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
from contextlib import suppress
from pathlib import Path

from helpers.daemon import WATCHER, environment
from rich.cells import cell_len

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]|\r")


def on_terminal(columns: int, folder: Path, *arguments: str) -> tuple[int, list[str]]:
    """The exit code of `watcher ARGUMENTS…`, and the lines of both streams without colors.

    Only standard output is a terminal, so that there are no progress bars.
    """
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    with subprocess.Popen(
        [*WATCHER, *arguments],
        cwd=folder,
        env=environment({}),
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=subprocess.PIPE,
    ) as process:
        os.close(theirs)
        shown = b""
        with suppress(OSError):  # the other end is closed
            while more := os.read(ours, 65536):
                shown += more
        assert process.stderr
        complaints = process.stderr.read()
        code = process.wait(60)
    os.close(ours)
    return code, ESCAPES.sub("", (shown + complaints).decode()).splitlines()


def widest(lines: list[str]) -> int:
    """The columns that the longest line takes."""
    return max(map(cell_len, lines), default=0)
