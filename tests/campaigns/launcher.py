"""Starting `watcher` a thousand times: half a second for each would go into loading it."""

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from daemon import Place, environment

FORKER = Path(__file__).with_name("forker.py")


class Launched:
    """A `watcher` that was started."""

    def __init__(self, launcher: "Launcher", pid: int, output: Path) -> None:
        self.pid = pid
        self._launcher = launcher
        self._output = output

    def output(self) -> str:
        """What it has said so far."""
        return self._output.read_text() if self._output.exists() else ""

    def kill(self) -> int:
        """Give it no chance; its exit code, negative for the signal."""
        os.kill(self.pid, signal.SIGKILL)
        return self.wait()

    def wait(self) -> int:
        """Its exit code, negative for a signal."""
        return self._launcher.ask({"wait": self.pid})


class Launcher:
    """A process that has the program in memory and forks; see `forker.py`."""

    def __enter__(self) -> Self:
        self._forker = subprocess.Popen(
            [sys.executable, FORKER],
            env=environment({}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._forker.stdin is not None
        assert self._forker.stdout is not None
        with suppress(BrokenPipeError):
            self._forker.stdin.close()
        self._forker.stdout.close()
        self._forker.wait(10)

    def start(self, place: Place, *arguments: str, held: bool = False, **settings: object) -> Launched:
        """Start it in a place; held, it waits for SIGCONT before its first deed."""
        output = place.path / "output.txt"
        output.unlink(missing_ok=True)
        request = {
            "arguments": arguments,
            "folder": str(place.path),
            "output": str(output),
            "environment": environment(settings),
            "held": held,
        }
        return Launched(self, self.ask(request), output)

    def ask(self, request: object) -> int:
        """Put a request to the forker."""
        assert self._forker.stdin is not None
        assert self._forker.stdout is not None
        self._forker.stdin.write(json.dumps(request) + "\n")
        self._forker.stdin.flush()
        return int(self._forker.stdout.readline())
