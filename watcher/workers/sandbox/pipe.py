"""A pipe between a guard and its child: objects, pickled, each after its length.

What `multiprocessing` has for this loads half of the standard library, which every fork would copy.
"""

import pickle
import socket
import struct
from typing import Any

LENGTH = struct.Struct("<Q")


class Pipe:
    """One end of it, over a connected stream socket."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end

    @property
    def is_closed(self) -> bool:
        """Whether this end was closed."""
        return self._end.fileno() < 0

    def fileno(self) -> int:
        """The socket's descriptor; something can be read from it, too, once the other end is gone."""
        return self._end.fileno()

    def send(self, message: object) -> None:
        """Send an object. Raises OSError, BrokenPipeError where the other end is gone."""
        data = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
        self._end.sendall(LENGTH.pack(len(data)) + data)

    def receive(self) -> Any:
        """The next object. Raises EOFError, or ConnectionResetError, where the other end is gone."""
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
                raise EOFError("the other end of the pipe is gone")
            rest = rest[got:]
        return data
