"""Messages to the service manager: datagrams to a socket that the environment names, see sd_notify(3)."""

import os
import socket
import time
from collections.abc import MutableMapping

SOCKET, WATCHDOG, WATCHDOG_PID = "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"
PATIENCE = 1.0
"""Seconds to wait for a service manager that does not read."""


class Notifier:
    """Sends the daemon's state to a service manager; does nothing if there is none.

    `watchdog_seconds` is how long the service manager waits for a sign of life before it restarts the daemon;
    None if it wants none. `fault` says why the last message could not be sent; None if it was sent.
    """

    def __init__(self, address: str | None = None, watchdog_seconds: float | None = None) -> None:
        """`address` is the path of a socket, or `@` and an abstract name."""
        self.watchdog_seconds = watchdog_seconds
        self.fault: str | None = None
        self._address = f"\0{address[1:]}" if address and address[0] == "@" else address
        self._last_status = ""

    @property
    def has_manager(self) -> bool:
        """Whether there is a service manager."""
        return self._address is not None

    def ready(self) -> None:
        """The daemon works now; also after `reloading`."""
        self._send("READY=1")

    def reloading(self) -> None:
        """The daemon reads its settings again."""
        self._send("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        """The daemon is about to end."""
        self._send("STOPPING=1")

    def alive(self) -> None:
        """The daemon makes progress: a sign of life."""
        self._send("WATCHDOG=1")

    def extend_start(self, seconds: float) -> None:
        """The start or the stop may take this many seconds from now."""
        self._send(f"EXTEND_TIMEOUT_USEC={seconds * 1e6:.0f}")

    def status(self, words: str) -> None:
        """What the daemon does, in one line for people; sent only if it changed."""
        if words != self._last_status:
            self._last_status = words
            self._send(f"STATUS={words}")

    def _send(self, *lines: str) -> None:
        if self._address is None:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
                sender.settimeout(PATIENCE)
                sender.sendto("\n".join(lines).encode(errors="backslashreplace"), self._address)
        except OSError as error:
            self.fault = error.strerror or str(error)
        else:
            self.fault = None


def service_manager(environ: MutableMapping[str, str]) -> Notifier:
    """A notifier for the service manager that the environment names.

    Its variables are removed from the environment: processes that this one starts must not use them.
    """
    address, period, pid = (environ.pop(name, None) for name in (SOCKET, WATCHDOG, WATCHDOG_PID))
    if not address or address[0] not in "/@":  # other kinds are for virtual machines
        address = None
    is_meant = pid in {None, str(os.getpid())}
    seconds = int(period) / 1e6 if period and period.isdecimal() and int(period) and is_meant else None
    return Notifier(address, seconds)
