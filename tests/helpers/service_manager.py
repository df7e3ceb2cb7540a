"""A service manager's part, played by a test: it listens to what a service says of itself."""

import socket
from contextlib import suppress
from typing import Self

from helpers.support import wait_until


class Manager:
    """A socket that a service may tell how it is; `environ` is what the service has to know of it."""

    def __init__(self, address: str, watchdog_seconds: float | None = None) -> None:
        """`address` is a path, or `@` and a name that is no file's."""
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(address.replace("@", "\0", 1))
        self._socket.settimeout(0)
        self._said: list[str] = []
        self.environ = {"NOTIFY_SOCKET": address}
        if watchdog_seconds is not None:
            self.environ["WATCHDOG_USEC"] = f"{watchdog_seconds * 1e6:.0f}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def said(self) -> list[str]:
        """All messages so far."""
        with suppress(BlockingIOError):
            while True:
                self._said.append(self._socket.recv(8192).decode())
        return list(self._said)

    def pings(self) -> int:
        """How many signs of life there were."""
        return self.said().count("WATCHDOG=1")

    def status(self) -> str:
        """What the service said last that it does."""
        words = [message for message in self.said() if message.startswith("STATUS=")]
        return words[-1].removeprefix("STATUS=") if words else ""

    def wait_for(self, message: str, *, after: int = 0) -> None:
        """Wait for a message, beyond so many that were said before."""
        wait_until(lambda: message in self.said()[after:], 60)
