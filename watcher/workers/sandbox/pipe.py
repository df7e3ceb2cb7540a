"""A pipe between a guard and its child: pickled objects, each preceded by its length.

The pipe of `multiprocessing` loads half of the standard library, and every fork would copy that.
"""

import pickle
import socket
import struct
from typing import Any

LENGTH = struct.Struct("<Q")


class Pipe:
    """One end of a pipe, over a connected stream socket."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end

    @property
    def is_closed(self) -> bool:
        """Whether this end was closed."""
        return self._end.fileno() < 0

    def fileno(self) -> int:
        """The socket's descriptor; it also becomes readable when the other end is closed."""
        return self._end.fileno()

    def send(self, message: object) -> None:
        """Send an object. Raises OSError; BrokenPipeError if the other end is closed."""
        data = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
        self._end.sendall(LENGTH.pack(len(data)) + data)

    def receive(self) -> Any:
        """The next object. Raises EOFError or ConnectionResetError if the other end is closed."""
        (length,) = LENGTH.unpack(self._take(LENGTH.size))
        return pickle.loads(self._take(length))  # noqa: S301 - from our own child or parent

    def close(self) -> None:
        """Close this end."""
        self._end.close()

    def _take(self, length: int) -> bytearray:
        data = bytearray(length)
        rest = memoryview(data)
        while rest:
            got = self._end.recv_into(rest)
            if not got:
                raise EOFError("the other end of the pipe is closed")
            rest = rest[got:]
        return data
