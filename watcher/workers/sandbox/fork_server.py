"""The fork server: a process without threads that loads what its children need, then forks them.

A fork takes a millisecond or two, a new process half a second. The daemon cannot fork safely because it has
threads, and a process that reads pictures should not have access to the daemon's memory.
"""

import gc
import importlib
import os
import pickle
import select
import signal
import socket
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NoReturn

from watcher.errors import UnfitReferencesError
from watcher.workers.sandbox.limits import confine, die_with
from watcher.workers.sandbox.pipe import Pipe
from watcher.workers.sandbox.shared_buffer import buffers_in

Role = Literal["reading", "comparing"]
"""What the children of a fork server do, and the name of the module with that work."""
LONGEST_MESSAGE = 65536


@dataclass(frozen=True, slots=True)
class Fork:
    """Request for a child: its classifier's folder, the bytes of memory it may use, its niceness.

    Its end of a pipe and the buffers' memory are sent along. The answer is its process id.
    """

    model: Path
    memory: int
    nice: int


@dataclass(frozen=True, slots=True)
class Reap:
    """Request to end a child if it has not ended yet; the answer is its `waitpid` status."""

    pid: int


Answer = int | UnfitReferencesError | OSError


def main() -> NoReturn:
    """Run the fork server. Arguments: its role, the descriptor of its socket, its parent's process id."""
    role, descriptor, parent = sys.argv[1:4]
    die_with(int(parent))
    with socket.socket(fileno=int(descriptor)) as orders:
        _serve(importlib.import_module(f"watcher.workers.sandbox.{role}"), orders)
    sys.exit()


def _serve(role: Any, orders: socket.socket) -> None:
    """Answer requests until the other end of the socket is closed; then end the children."""
    children: set[int] = set()
    while True:
        message, descriptors, _, _ = socket.recv_fds(orders, LONGEST_MESSAGE, 2)
        if not message:
            break
        order: Fork | Reap = pickle.loads(message)  # noqa: S301 - from our own parent
        try:
            if isinstance(order, Fork):
                role.prepare(order.model)
                gc.freeze()  # children do not scan what is loaded by now; scanning would copy its pages
                pid = _fork(role, order, descriptors, orders)
                children.add(pid)
                answer: Answer = pid
            else:
                children.remove(order.pid)
                answer = _reap(order.pid)
        except (UnfitReferencesError, OSError) as error:
            answer = error
        for descriptor in descriptors:
            os.close(descriptor)
        with suppress(BrokenPipeError, ConnectionResetError):  # the daemon has ended
            orders.send(pickle.dumps(answer))
    for pid in children:
        _reap(pid)


def _reap(pid: int) -> int:
    os.kill(pid, signal.SIGKILL)  # no effect if it is dead already
    return os.waitpid(pid, 0)[1]


def _fork(role: Any, order: Fork, descriptors: list[int], orders: socket.socket) -> int:
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        _live(role, order, descriptors, orders, parent)
    return pid


def _live(role: Any, order: Fork, descriptors: list[int], orders: socket.socket, parent: int) -> NoReturn:
    """Run a child; it never returns into its parent's code."""
    failed = 1
    try:
        die_with(parent)
        orders.close()
        os.nice(order.nice)
        pipe, memory = descriptors
        buffers = buffers_in(memory)
        os.close(memory)
        _work(Pipe(socket.socket(fileno=pipe)), order.memory, role.work(order.model, buffers))
        failed = 0
    finally:
        os._exit(failed)


def _work(pipe: Pipe, memory: int, work: Any) -> None:
    """Answer each message with the result of the work, or with a text that says what went wrong."""
    select.select([pipe], [], [])  # when the first request comes, the guard has opened its /proc files
    confine(memory)
    with suppress(EOFError):
        while True:
            try:
                asked = pipe.receive()
                said = work(asked)
            except EOFError:
                raise
            except Exception as error:  # noqa: BLE001 - any error becomes the answer
                said = f"{type(error).__name__}: {error}"
            pipe.send(said)
