"""Starts `watcher` again and again without loading it again: it has it in memory, and forks.

It reads requests from its standard input and answers each on its standard output, a line of JSON each. To

    {"arguments": [...], "folder": ..., "output": ..., "environment": {...}, "held": true}

it starts one, held as by SIGSTOP if so asked, and answers with its process id; to `{"wait": PID}` with the
exit code, negative for a signal.
"""

import json
import os
import runpy
import signal
import sqlite3
import sys
from typing import Any

import watcher.cli.run
import watcher.service

LOADED = (watcher.cli.run, watcher.service, sqlite3)


def main() -> None:
    """Answer until there are no more requests; who still runs then is killed."""
    running: set[int] = set()
    for line in sys.stdin:
        request = json.loads(line)
        if "wait" in request:
            running.discard(request["wait"])
            answer = os.waitstatus_to_exitcode(os.waitpid(request["wait"], 0)[1])
        else:
            answer = os.fork()
            if answer == 0:
                become(request)
            running.add(answer)
            if request["held"]:
                os.waitpid(answer, os.WUNTRACED)
        print(answer, flush=True)  # noqa: T201 - the answer
    for pid in running:
        os.kill(pid, signal.SIGKILL)


def become(request: dict[str, Any]) -> None:
    """Be `watcher` from here to the end, as if somebody had started it in that folder."""
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    output = os.open(request["output"], os.O_WRONLY | os.O_CREAT, 0o644)
    for descriptor in (sys.stdout.fileno(), sys.stderr.fileno()):
        os.dup2(output, descriptor)
    os.close(output)
    sys.argv = ["watcher", *request["arguments"]]
    if request["held"]:
        os.kill(os.getpid(), signal.SIGSTOP)
    runpy.run_module("watcher", run_name="__main__")


if __name__ == "__main__":
    main()
