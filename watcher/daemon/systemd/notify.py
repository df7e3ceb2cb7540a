"""What the service manager is told, by datagrams to a socket that the environment names: sd_notify(3)."""

import os
import socket
import time
from collections.abc import MutableMapping

SOCKET, WATCHDOG, WATCHDOG_PID = "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"
PATIENCE = 1.0
"""How long, in seconds, a service manager that does not read is waited for."""


class Notifier:
    """Tells a service manager how the daemon is; where there is none, nothing is done.

    `watchdog_seconds` is how long it waits for a sign of life before it starts the daemon anew; None where it
    asks for none. `fault` says why it could not be told the last time; None where it could.
    """

    def __init__(self, address: str | None = None, watchdog_seconds: float | None = None) -> None:
        """`address` is a path, or `@` and a name that is no file's."""
        self.watchdog_seconds = watchdog_seconds
        self.fault: str | None = None
        self._address = f"\0{address[1:]}" if address and address[0] == "@" else address
        self._said_last = ""

    @property
    def is_heard(self) -> bool:
        """Whether there is anybody to tell."""
        return self._address is not None

    def ready(self) -> None:
        """It does its work; also after it was reloading."""
        self._say("READY=1")

    def reloading(self) -> None:
        """It reads its settings anew."""
        self._say("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        """It is about to end."""
        self._say("STOPPING=1")

    def alive(self) -> None:
        """It makes progress."""
        self._say("WATCHDOG=1")

    def longer(self, seconds: float) -> None:
        """It starts or ends for longer than was allowed, by so many seconds from now."""
        self._say(f"EXTEND_TIMEOUT_USEC={seconds * 1e6:.0f}")

    def status(self, words: str) -> None:
        """What it does, in one line for people; said where it is another than the last."""
        if words != self._said_last:
            self._said_last = words
            self._say(f"STATUS={words}")

    def _say(self, *lines: str) -> None:
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
    """Whoever started this process and wants to be told; taken out of the environment.

    The processes that this one starts are not to speak in its name.
    """
    address, period, pid = (environ.pop(name, None) for name in (SOCKET, WATCHDOG, WATCHDOG_PID))
    if not address or address[0] not in "/@":  # others are for virtual machines
        address = None
    is_meant = pid in {None, str(os.getpid())}
    seconds = int(period) / 1e6 if period and period.isdecimal() and int(period) and is_meant else None
    return Notifier(address, seconds)
