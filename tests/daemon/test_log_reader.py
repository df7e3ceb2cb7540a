"""The daemon and the reader of its log, which may be stopped or gone: no picture and no stop waits for it."""

import fcntl
import json
import os
import pty
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from helpers.daemon import PLAIN, Workspace, environment, reference_picture, run, start
from helpers.preload_client import Process
from helpers.support import make_files, wait_until

from watcher.monitoring.state_file import Phase, StateFile

Ends = tuple[int, int]


def full_pipe() -> Ends:
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    os.write(writing, b"\n" * 4096)
    return reading, writing


def full_socket() -> Ends:
    reading, writing = socket.socketpair()
    with suppress(BlockingIOError):
        while True:
            writing.send(b"\n" * 4096, socket.MSG_DONTWAIT)
    return reading.detach(), writing.detach()


def stopped_terminal() -> Ends:
    reading, writing = pty.openpty()
    os.write(reading, b"\x13")  # Ctrl-S
    time.sleep(0.1)
    return reading, writing


@contextmanager
def daemon(workspace: Workspace, output: int, errors: int | None = None) -> Iterator[Process]:
    """A daemon with this output, once it is ready; killed at the end if it still runs."""
    with ExitStack() as stack:
        nothing = stack.enter_context(Path(os.devnull).open("r+"))
        out, err = (
            stack.enter_context(os.fdopen(os.dup(one), "wb")) if one is not None else nothing
            for one in (output, errors)
        )
        variables = environment({"workers__count": 1, "workers__executor": "threads"})
        process = start(workspace.path, "run", streams=(nothing, out, err), variables=variables, session=True)
    os.close(output)
    try:
        wait_until(lambda: phase(workspace, process) is Phase.READY, 60)
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def phase(workspace: Workspace, process: Process) -> Phase | None:
    assert process.poll() is None
    state = StateFile(workspace.database).read()
    return state.phase if state and state.pid == process.pid else None


def drop(workspace: Workspace, count: int, prefix: str) -> list[tuple[str, bytes]]:
    """Write so many pictures into the inbox."""
    dropped = [(f"{prefix}-{n}.jpg", reference_picture(n % 10, n // 10)) for n in range(count)]
    make_files(workspace.inbox, dict(dropped))
    return dropped


def status(workspace: Workspace) -> dict[str, Any]:
    known: dict[str, Any] = json.loads(run(workspace.path, "status", "--json").stdout)
    return known


def read_all(reading: int) -> bytes:
    os.set_blocking(reading, False)
    parts = []
    with suppress(BlockingIOError):
        while part := os.read(reading, 65536):
            parts.append(part)
    return b"".join(parts)


def stop(process: Process) -> None:
    start = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    assert time.monotonic() - start < 8


@pytest.mark.parametrize("ends", [full_pipe, full_socket, stopped_terminal])
def test_a_reader_that_has_stopped_holds_up_no_picture_no_reload_and_no_stop(
    workspace: Workspace, ends: Callable[[], Ends]
) -> None:
    reading, writing = ends()
    with daemon(workspace, writing, writing) as process:
        dropped = drop(workspace, 30, "early")
        wait_until(lambda: workspace.filed() == 30, 60)
        if ends is not stopped_terminal:  # there it would say that the terminal was closed
            process.send_signal(signal.SIGHUP)
        dropped += drop(workspace, 5, "late")
        wait_until(lambda: workspace.filed() == 35, 60)
        stop(process)
    workspace.audit(dropped)
    state = StateFile(workspace.database).read()
    assert state is not None
    assert state.phase is Phase.STOPPED
    assert state.dropped_lines >= 35
    os.close(reading)


def test_a_reader_that_is_gone_ends_nothing_and_the_lost_lines_are_in_the_status(
    workspace: Workspace,
) -> None:
    reading, writing = os.pipe()
    with daemon(workspace, writing, writing) as process:
        os.close(reading)
        dropped = drop(workspace, 20, "scan")
        wait_until(lambda: workspace.filed() == 20, 60)
        wait_until(lambda: status(workspace)["dropped_lines"] == 20, 20)
        assert status(workspace)["well"]
        told = run(workspace.path, "status").stdout
        assert "log output   20 lines dropped" in told
        stop(process)
    workspace.audit(dropped)


def test_what_was_lost_is_said_when_the_reader_reads_again(workspace: Workspace) -> None:
    reading, writing = full_pipe()
    with daemon(workspace, writing) as process:
        text, count = b"", 200
        drop(workspace, count, "n" * 220)
        wait_until(lambda: workspace.filed() == count, 60)
        lost = 0

        def is_known() -> bool:
            nonlocal lost
            state, before = StateFile(workspace.database).read(), lost
            lost = state.dropped_lines if state else 0
            return 0 < lost == before

        wait_until(is_known, 20, pause=1.5)

        def events() -> list[dict[str, Any]]:
            nonlocal text
            text += read_all(reading)
            return [json.loads(line) for line in text.splitlines() if line.strip()]

        wait_until(lambda: any(event["event"] == "log lines dropped" for event in events()), 20, pause=0.1)
        stop(process)
        said = events()
    os.close(reading)
    assert [event["lines"] for event in said if event["event"] == "log lines dropped"] == [lost]
    assert sum(event["event"] == "picture" for event in said) == count - lost
    assert said[-1]["event"] == "stopped"


def test_the_reason_of_a_failed_start_is_not_waited_for(workspace: Workspace) -> None:
    _, writing = full_pipe()
    (workspace.path / "config.toml").write_text("[inbox]\nnonsense = 1\n")
    done = subprocess.run(
        [*PLAIN, "run"],
        check=False,
        cwd=workspace.path,
        env=environment({}),
        stdout=writing,
        stderr=writing,
        timeout=60,
    )
    assert done.returncode == 78


def test_an_inbox_is_emptied_into_a_closed_pipe(workspace: Workspace) -> None:
    dropped = drop(workspace, 5, "scan")
    command = f'"{sys.executable}" -m watcher run --once | head -1; echo ${{PIPESTATUS[0]}}'
    done = subprocess.run(
        ["bash", "-c", command],
        check=False,
        cwd=workspace.path,
        env=environment({"workers__executor": "threads"}),
        capture_output=True,
        text=True,
        timeout=90,
    )
    assert done.stdout.splitlines()[-1] == "0"
    assert done.stderr == ""
    workspace.audit(dropped)
