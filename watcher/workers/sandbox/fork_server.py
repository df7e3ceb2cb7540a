"""The fork server: a process without threads that has loaded what its children need, and forks them.

A fork takes a millisecond or two, where a new process takes half a second. The daemon itself has threads and
must not fork; and what it holds is no business of a process that reads pictures.
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
"""What the children of a fork server do: the name of the module that says how."""
LONGEST_MESSAGE = 65536


@dataclass(frozen=True, slots=True)
class Fork:
    """Asks for a child: its classifier's folder, the bytes it may take, how nice it is.

    Its end of a pipe and the buffers' memory come with it. The answer is its process id.
    """

    model: Path
    memory: int
    nice: int


@dataclass(frozen=True, slots=True)
class Reap:
    """Asks that a child be ended, if it has not ended by itself; the answer is how, as `waitpid` says it."""

    pid: int


Answer = int | UnfitReferencesError | OSError


def main() -> NoReturn:
    """The fork server's whole life: `what it is for`, the descriptor of its socket, its parent's id."""
    role, descriptor, parent = sys.argv[1:4]
    die_with(int(parent))
    with socket.socket(fileno=int(descriptor)) as orders:
        _serve(importlib.import_module(f"watcher.workers.sandbox.{role}"), orders)
    sys.exit()


def _serve(role: Any, orders: socket.socket) -> None:
    """Do what is asked until nobody is left to ask; then end the children."""
    children: set[int] = set()
    while True:
        message, descriptors, _, _ = socket.recv_fds(orders, LONGEST_MESSAGE, 2)
        if not message:
            break
        order: Fork | Reap = pickle.loads(message)  # noqa: S301 - from our own parent
        try:
            if isinstance(order, Fork):
                role.prepare(order.model)
                gc.freeze()  # what is loaded by now no child looks through, which would copy it
                pid = _fork(role, order, descriptors, orders)
                children.add(pid)
                answer: Answer = pid
            else:
                children.remove(order.pid)
                answer = _bury(order.pid)
        except (UnfitReferencesError, OSError) as error:
            answer = error
        for descriptor in descriptors:
            os.close(descriptor)
        with suppress(BrokenPipeError, ConnectionResetError):  # who asked has gone
            orders.send(pickle.dumps(answer))
    for pid in children:
        _bury(pid)


def _bury(pid: int) -> int:
    os.kill(pid, signal.SIGKILL)  # does nothing to what is dead already
    return os.waitpid(pid, 0)[1]


def _fork(role: Any, order: Fork, descriptors: list[int], orders: socket.socket) -> int:
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        _live(role, order, descriptors, orders, parent)
    return pid


def _live(role: Any, order: Fork, descriptors: list[int], orders: socket.socket, parent: int) -> NoReturn:
    """A child's whole life. It never comes back to what its parent was about."""
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
    """Answer each message with what the work gives, or with what went wrong in words."""
    select.select([pipe], [], [])  # by then who watches this process has opened what it needs to
    confine(memory)
    with suppress(EOFError):
        while True:
            try:
                asked = pipe.receive()
                said = work(asked)
            except EOFError:
                raise
            except Exception as error:  # noqa: BLE001 - whatever it is, it has to be answered for
                said = f"{type(error).__name__}: {error}"
            pipe.send(said)
