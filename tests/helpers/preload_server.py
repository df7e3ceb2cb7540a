"""Starts programs of ours again and again without loading them again: it has them in memory, and forks.

It listens at the abstract Unix address it is given, until its standard input ends. A connection is a process:
it brings the three standard streams and a request,

    {"module": ..., "arguments": [...], "folder": ..., "environment": {...}, "session": false, "held": false}

and is told first the process id, then the exit code, negative for a signal. Held, the process waits for
SIGCONT before its first deed. When whoever asked has gone, the process is killed.
"""

import atexit
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import sqlite3
import sys
import threading
import time
import traceback
from contextlib import suppress
from typing import Any

import alembic.command
import alembic.config

import watcher.daemon.daemon
import watcher.pen.sheet
from watcher.cli import COMMANDS

LOADED = (
    *(importlib.import_module(f"watcher.cli.commands.{name}") for name in COMMANDS),
    *(watcher.daemon.daemon, watcher.pen.sheet, alembic.command, alembic.config, sqlite3),
)
LONGEST_REQUEST = 2**20


def main() -> None:
    """Fork for each connection one that attends to it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind("\0" + sys.argv[1])
        listener.listen(64)
        print("listening", flush=True)  # noqa: T201 - the answer
        gc.freeze()
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the attendants are nobody's to wait for
        while True:
            ready, _, _ = select.select([listener, sys.stdin], [], [])
            if sys.stdin in ready:
                return
            connection, _ = listener.accept()
            if os.fork() == 0:
                listener.close()
                attend(connection)
            connection.close()


def attend(connection: socket.socket) -> None:
    """Start what is asked for, and tell what becomes of it."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    message, streams, _, _ = socket.recv_fds(connection, LONGEST_REQUEST, 3)
    request = json.loads(message)
    pid = os.fork()
    if pid == 0:
        connection.close()
        become(request, streams)
    for descriptor in (*streams, sys.stdin.fileno(), sys.stdout.fileno()):
        os.close(descriptor)
    if request["held"]:
        os.waitpid(pid, os.WUNTRACED)
    with suppress(OSError):  # who asked has gone
        connection.send(str(pid).encode())
    process = os.pidfd_open(pid)
    ready, _, _ = select.select([process, connection.fileno()], [], [])
    if process not in ready:
        os.kill(pid, signal.SIGKILL)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    with suppress(OSError):
        connection.send(str(code).encode())
    os._exit(0)


def become(request: dict[str, Any], streams: list[int]) -> None:
    """Be the program from here to the end, as if somebody had started it in that folder."""
    if request["session"]:
        os.setsid()
    for descriptor, stream in enumerate(streams):
        os.dup2(stream, descriptor)
        os.close(stream)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    time.tzset()
    sys.path[0] = request["folder"]
    sys.argv = [request["module"], *request["arguments"]]
    if request["held"]:
        os.kill(os.getpid(), signal.SIGSTOP)
    code: object = 0
    try:
        runpy.run_module(request["module"], run_name="__main__", alter_sys=True)
    except SystemExit as left:
        code = left.code
    except BaseException:  # noqa: BLE001 - as the interpreter does with what nobody catches
        traceback.print_exc()
        code = 1
    leave(code)


def leave(code: object) -> None:
    """End as the interpreter does, but for clearing away its memory, which takes longer than a command."""
    threading._shutdown()  # type: ignore[attr-defined]  # noqa: SLF001 - waits for the threads that are to be waited for
    atexit._run_exitfuncs()  # noqa: SLF001
    if isinstance(code, str):
        print(code, file=sys.stderr)  # noqa: T201
    with suppress(OSError):
        sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else int(code is not None))


if __name__ == "__main__":
    main()
