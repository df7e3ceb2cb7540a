"""strace, which lists the system calls of a run, kills it at one of them, or makes one of them fail."""

import os
import re
import shutil
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from campaigns.launcher import Launcher
from helpers.daemon import Workspace
from helpers.support import wait_until

CHANGING = (
    *("rename", "renameat", "renameat2", "link", "linkat", "unlink", "unlinkat", "mkdir", "mkdirat", "rmdir"),
    *("write", "writev", "pwrite64", "pwritev", "ftruncate", "truncate", "fallocate", "fchmod", "fchown"),
    *("fsync", "fdatasync", "sync", "syncfs", "openat"),
)
"""The system calls that change what lies on a disk; `openat` where it may make a file."""
FLUSH = "syncfs"
"""The one of them that another thread makes, too."""

ONE_PROCESS = {"workers__executor": "threads", "workers__count": 1}
_LINE = re.compile(r"(\w+)\((.*)\) += (-?\d+)")


@dataclass(frozen=True, slots=True)
class Call:
    """The n-th call of its kind that the main thread makes."""

    kind: str
    number: int


@cache
def why_not() -> str | None:
    """Why no campaign can use it here, if so."""
    if shutil.which("strace") is None:
        return "there is no strace"
    tried = subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True, text=True, check=False)
    return f"strace cannot be used: {tried.stderr.strip()}" if tried.returncode else None


def traced(launcher: Launcher, workspace: Workspace, *options: str, **settings: object) -> int:
    """Run `watcher run --once` under strace to its end; the exit code, negative for a signal.

    The main thread's calls go to `calls.txt` in the place, what it says to `output.txt`.
    """
    run = launcher.start(workspace, "run", "--once", held=True, **settings)
    kinds = ",".join(f"?{kind}" for kind in CHANGING)
    with attached(run.pid, "-o", str(workspace.path / "calls.txt"), "-e", f"trace={kinds}", *options):
        os.kill(run.pid, signal.SIGCONT)
        return run.wait()


def killed_at(launcher: Launcher, workspace: Workspace, call: Call, **settings: object) -> bool:
    """Run it until just before a call; False where it came to its end without making that."""
    injection = f"inject={call.kind}:signal=SIGKILL:when={call.number}"
    code = traced(launcher, workspace, "-e", injection, **settings)
    assert code in (0, -signal.SIGKILL), (workspace.path / "output.txt").read_text()
    return code != 0


def changing_calls(launcher: Launcher, workspace: Workspace, **settings: object) -> list[Call]:
    """The calls of a whole run that change what lies on the disk, in order."""
    assert traced(launcher, workspace, **settings) == 0, (workspace.path / "output.txt").read_text()
    lines = (workspace.path / "calls.txt").read_text().splitlines()
    seen: Counter[str] = Counter()
    calls = []
    for match in (_LINE.match(line) for line in lines):
        if match is None:
            continue
        kind, arguments, result = match.groups()
        seen[kind] += 1
        makes = kind != "openat" or "O_CREAT" in arguments or "O_TRUNC" in arguments
        if makes and int(result) >= 0:
            calls.append(Call(kind, seen[kind]))
    return calls


@contextmanager
def injected(pid: int, *expressions: str) -> Iterator[None]:
    """Meddle with the system calls that the main thread of a running process makes; alone, a flush in any.

    Each expression is what strace's `-e inject=` takes, as `link:error=ENOSPC`.
    """
    kinds = [expression.partition(":")[0] for expression in expressions]
    options = [f"--inject={expression}" for expression in expressions]
    every_thread = ["--follow-forks"] if kinds == [FLUSH] else []
    with attached(pid, "-o", "/dev/null", "-e", f"trace={','.join(kinds)}", *every_thread, *options):
        yield


@contextmanager
def attached(pid: int, *options: str) -> Iterator[None]:
    """Have strace follow the main thread of a process."""
    tracer = subprocess.Popen(["strace", *options, "-p", str(pid)], stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: _tracer(pid) == tracer.pid)
        yield
    finally:
        tracer.terminate()
        tracer.wait(10)


def _tracer(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("TracerPid:")[2].split()[0])
