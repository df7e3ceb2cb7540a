"""Processes of ours, forked from one that has the program in memory; loading it takes most of a second."""

import atexit
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Protocol

FORKER = Path(__file__).with_name("preload_server.py")
READ_AT_ITS_START = ("PYTHON", "LANG", "LC_")
"""What the variables begin with that a Python heeds when it starts and never again."""


class Process(Protocol):
    """What the tests ask of a process, as `subprocess.Popen` answers it."""

    pid: int

    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def send_signal(self, sig: int) -> None: ...
    def kill(self) -> None: ...


class Forked:
    """A process that was forked."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._code: int | None = None
        self.pid = int(connection.recv(64))

    def poll(self) -> int | None:
        """Its exit code, negative for a signal; None while it runs."""
        return self._told(0)

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code, once it has ended. Raises TimeoutExpired."""
        code = self._told(timeout)
        if code is None:
            raise subprocess.TimeoutExpired([str(self.pid)], timeout or 0)
        return code

    def send_signal(self, sig: int) -> None:
        """Send it a signal, if it runs."""
        if self.poll() is None:
            os.kill(self.pid, sig)

    def kill(self) -> None:
        """Give it no chance."""
        self.send_signal(signal.SIGKILL)

    def _told(self, timeout: float | None) -> int | None:
        if self._code is None:
            self._connection.settimeout(timeout)
            try:
                self._code = int(self._connection.recv(64))
            except (BlockingIOError, TimeoutError):
                return None
            self._connection.close()
        return self._code

    def __del__(self) -> None:
        self._connection.close()


class PreloadServer:
    """The process that has the program in memory; see `preload_server.py`."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.address = f"watcher-tests-{os.getpid()}"
        self._read = _read_at_its_start(environment)
        self._process = subprocess.Popen(
            [sys.executable, FORKER, self.address],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "listening\n"
        atexit.register(self._end)

    def serves(self, environment: Mapping[str, str]) -> bool:
        """Whether a program would be no other, had it been started in this environment."""
        return _read_at_its_start(environment) == self._read

    def start(
        self,
        arguments: Sequence[str],
        *,
        folder: Path,
        environment: Mapping[str, str],
        streams: Sequence[IO[Any]],
        session: bool = False,
        held: bool = False,
    ) -> Forked:
        """Start `watcher` with its standard input, output and error stream."""
        request = {
            "module": "watcher",
            "arguments": arguments,
            "folder": str(folder),
            "environment": dict(environment),
            "session": session,
            "held": held,
        }
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        connection.connect("\0" + self.address)
        socket.send_fds(connection, [json.dumps(request).encode()], [stream.fileno() for stream in streams])
        return Forked(connection)

    def _end(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(10)


def _read_at_its_start(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name.startswith(READ_AT_ITS_START)}
