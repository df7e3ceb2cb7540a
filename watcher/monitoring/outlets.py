"""Ways to write to a descriptor without waiting, for each kind of file.

O_NONBLOCK belongs to the open file, not to a descriptor. If it were set on a standard stream, every program
that shares the stream would get it.
"""

import os
import select
import socket
import stat
from contextlib import suppress
from typing import Protocol, TextIO


class Outlet(Protocol):
    """Takes bytes as far as it can at once. `descriptor` is what to poll for room, if that is of any use."""

    descriptor: int | None

    def send(self, data: bytes) -> int:
        """Write, and return how many bytes were taken. Raises BlockingIOError if none can be now, OSError."""
        ...

    def close(self) -> None:
        """Let go of what was opened; `send` raises OSError from now on."""
        ...


class _File:
    """A file or device that takes everything at once, or a description of our own that does not block."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor: int | None = descriptor

    def send(self, data: bytes) -> int:
        if self.descriptor is None:
            raise BrokenPipeError
        return os.write(self.descriptor, data)

    def close(self) -> None:
        if self.descriptor is not None:
            os.close(self.descriptor)
            self.descriptor = None


class _Socket:
    """A socket: the system's journal, or what a supervisor gave."""

    def __init__(self, descriptor: int) -> None:
        self._socket = socket.socket(fileno=descriptor)
        self.descriptor: int | None = descriptor

    def send(self, data: bytes) -> int:
        return self._socket.send(data, socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)

    def close(self) -> None:
        self._socket.close()


class _Polled(_File):
    """A pipe or terminal of another user, which cannot be opened again: asked for room before each piece.

    A pipe that has room takes PIPE_BUF bytes. A terminal may have room for a single one.
    """

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor)
        self._piece = 1 if os.isatty(descriptor) else select.PIPE_BUF
        self._room = select.poll()
        self._room.register(descriptor, select.POLLOUT)

    def send(self, data: bytes) -> int:
        sent = 0
        while sent < len(data):
            if self.descriptor is not None and not self._room.poll(0):
                break
            try:
                sent += super().send(data[sent : sent + self._piece])
            except OSError:
                if not sent:
                    raise
                break
        if not sent:
            raise BlockingIOError
        return sent


class _Text:
    """A text stream without a descriptor, in memory."""

    def __init__(self, stream: TextIO, encoding: str) -> None:
        self.descriptor: int | None = None
        self._stream = stream
        self._encoding = encoding

    def send(self, data: bytes) -> int:
        self._stream.write(data.decode(self._encoding))
        self._stream.flush()
        return len(data)

    def close(self) -> None:
        pass


def outlet(stream: TextIO, encoding: str = "utf-8") -> Outlet:
    """The outlet to the file of a stream; what the stream itself still holds is written before."""
    with suppress(OSError):
        stream.flush()
    try:
        descriptor = os.dup(stream.fileno())
    except OSError:
        return _Text(stream, encoding)
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISSOCK(mode):
        return _Socket(descriptor)
    if not stat.S_ISFIFO(mode) and not os.isatty(descriptor):
        return _File(descriptor)
    try:
        # A second description of the same pipe or terminal.
        again = os.open(f"/proc/self/fd/{descriptor}", os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
    except OSError:
        return _Polled(descriptor)
    os.close(descriptor)
    return _File(again)
