"""Starting `watcher` a thousand times, held before its first deed where its calls are to be looked at."""

import os
import signal
from pathlib import Path

from helpers.daemon import Workspace, environment, preload
from helpers.preload_client import Forked


class Launched:
    """A `watcher` that was started."""

    def __init__(self, process: Forked, output: Path) -> None:
        self.pid = process.pid
        self._process = process
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
        return self._process.wait()


class Launcher:
    """Starts them."""

    def start(
        self, workspace: Workspace, *arguments: str, held: bool = False, **settings: object
    ) -> Launched:
        """Start it in a place; held, it waits for SIGCONT before its first deed."""
        output = workspace.path / "output.txt"
        output.unlink(missing_ok=True)
        with Path(os.devnull).open() as nothing, output.open("wb") as said:
            process = preload().start(
                arguments,
                folder=workspace.path,
                environment=environment(settings),
                streams=(nothing, said, said),
                held=held,
            )
        return Launched(process, output)
