"""The producer as a process of its own, which goes on whatever happens to the daemon."""

import json
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from campaigns.audit import Drop
from helpers.daemon import Workspace
from helpers.support import wait_until

PRODUCER = Path(__file__).with_name("producer.py")


class Scanner:
    """Drops files into a place from the moment its context is entered; see `producer.py`.

    The manifest lies beside the place, not in it, unless told otherwise.
    """

    def __init__(
        self,
        workspace: Workspace,
        *,
        rate: float = 50.0,
        count: int | None = None,
        name: str | None = None,
        manifest: Path | None = None,
    ) -> None:
        self.manifest = manifest or workspace.path.with_name(f"{workspace.path.name}-manifest.jsonl")
        options = {"--rate": rate, "--count": count, "--name": name}
        given = [f"{option}={value}" for option, value in options.items() if value is not None]
        folders = (workspace.inbox, workspace.path / "beside", self.manifest)
        self._command = [sys.executable, str(PRODUCER), *map(str, folders), *given]

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(self._command)
        wait_until(self.manifest.exists)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> list[Drop]:
        """Let it finish the file it is at; what it has dropped."""
        if self._process.poll() is None:
            self._process.terminate()
        assert self._process.wait(60) == 0
        return self.dropped()

    def wait(self, seconds: float) -> list[Drop]:
        """Let it drop as many as it was told to; what it has dropped."""
        assert self._process.wait(seconds) == 0
        return self.dropped()

    def dropped(self) -> list[Drop]:
        """What it has dropped so far, or is about to."""
        lines = self.manifest.read_text().splitlines(keepends=True)
        return [(name, digest) for name, digest in map(json.loads, lines)]
