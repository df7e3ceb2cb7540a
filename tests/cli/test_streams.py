"""Standard streams that are closed, or whose reader ends first; and a terminal that a progress bar shares."""

import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import pytest
from helpers.daemon import PLAIN, Workspace, environment, reference_picture
from helpers.support import make_files, wait_until

PICTURES = {f"scan-{digit}.jpg": reference_picture(digit) for digit in range(5)}
FAST = {"workers__executor": "threads"}


def shell(workspace: Workspace, line: str) -> subprocess.CompletedProcess[str]:
    """Run a line of bash, in which `watcher` is this checkout's."""
    return subprocess.run(
        ["bash", "-c", f'watcher() {{ "{sys.executable}" -m watcher "$@"; }}; {line}'],
        check=False,
        cwd=workspace.path,
        env=environment(FAST),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=100,
    )


@pytest.mark.parametrize("closed", [">&- 2>&-", "<&- >&- 2>&-", "<&-", "2>&-"])
def test_without_standard_streams_it_sorts(workspace: Workspace, closed: str) -> None:
    make_files(workspace.inbox, dict(PICTURES))
    done = shell(workspace, f"watcher run --once {closed}")
    assert (done.returncode, done.stderr) == (0, "")
    workspace.audit(PICTURES.items())


@pytest.mark.parametrize("command", ["status", "results", "config show", "--version", "--help", "sql -"])
def test_without_standard_streams_no_command_prints_a_traceback(workspace: Workspace, command: str) -> None:
    usual = shell(workspace, f"watcher {command}").returncode
    for closed in (">&-", ">&- 2>&-", "<&- >&-"):
        done = shell(workspace, f"watcher {command} {closed}")
        assert "Traceback" not in done.stderr
        assert done.returncode == usual


def test_streams_that_python_does_not_have_are_opened(workspace: Workspace) -> None:
    code = """\
import os, sys
for number in range(3):
    os.close(number)
sys.stdin = sys.stdout = sys.stderr = None
sys.argv = ["watcher", "run", "--once"]
from watcher.__main__ import main
main()
"""
    make_files(workspace.inbox, dict(PICTURES))
    done = subprocess.run(
        [sys.executable, "-c", code], check=False, cwd=workspace.path, env=environment(FAST), timeout=60
    )
    assert done.returncode == 0
    workspace.audit(PICTURES.items())


@pytest.mark.parametrize(
    "command", ["status", "status --watch", "results --json", "sql --tables", "--help", "run --help", "demo"]
)
def test_a_reader_that_ends_first_ends_a_command_quietly(workspace: Workspace, command: str) -> None:
    done = shell(workspace, f"watcher {command} | true; echo ${{PIPESTATUS[0]}}")
    wanted = {"results --json": "0"}  # it has nothing to say here
    assert (done.stdout, done.stderr) == (f"{wanted.get(command, '141')}\n", "")


def test_what_cannot_be_written_is_said_once(workspace: Workspace) -> None:
    done = shell(workspace, "watcher --help > /dev/full")
    assert (done.returncode, done.stderr) == (1, "watcher: No space left on device\n")


def screen_after(workspace: Workspace, *arguments: str, settings: Mapping[str, object] = FAST) -> list[str]:
    """Run a command on a terminal of 80 columns; returns what it shows at each line break and at the end.

    Raises AssertionError if a control sequence is used that is not known here.
    """
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(workspace.path)
        os.execvpe(PLAIN[0], [*PLAIN, *arguments], environment(settings) | {"TERM": "xterm"})  # noqa: S606
    output = b""
    with suppress(OSError):
        while part := os.read(terminal, 65536):
            output += part
    os.close(terminal)
    os.waitpid(pid, 0)
    return shown(output.decode())


def shown(output: str) -> list[str]:
    """The lines of a terminal, each as it was when it was left; a line that is erased is no more."""
    lines, row = [""], 0
    at_start = True
    for sequence, character in re.findall(r"(\x1b\[[?0-9;]*[A-Za-z])|([^\x1b])", output):
        if sequence.endswith("A"):
            row -= int(sequence[2:-1] or 1)
        elif sequence == "\x1b[2K":
            lines[row] = ""
        elif sequence:
            assert sequence[-1] in "mhl", sequence
        elif character == "\r":
            at_start = True
        elif character == "\n":
            row += 1
            lines += [""] * (row + 1 - len(lines))
        else:
            if at_start:
                assert not lines[row], f"written over {lines[row]!r}"
                at_start = False
            lines[row] += character
    return lines


def test_log_lines_stand_above_the_progress_bar(workspace: Workspace) -> None:
    make_files(workspace.inbox, dict(PICTURES))
    lines = screen_after(workspace, "run", "--once")
    for line in filter(None, lines):
        assert re.match(r"\d\d:\d\d:\d\d \[(info|warning) *\] ", line)
    assert len([line for line in lines if "picture" in line]) >= len(PICTURES)


def test_a_terminal_that_is_stopped_by_ctrl_s_holds_nothing_up(workspace: Workspace) -> None:
    make_files(workspace.inbox, dict(PICTURES))
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(workspace.path)
        os.execvpe(PLAIN[0], [*PLAIN, "run", "--once"], environment(FAST) | {"TERM": "xterm"})  # noqa: S606
    assert os.read(terminal, 100)  # the bar is there
    os.write(terminal, b"\x13")
    ended = 0

    def has_ended() -> bool:
        nonlocal ended
        ended = ended or os.waitpid(pid, os.WNOHANG)[0]
        return ended == pid

    try:
        wait_until(has_ended, 60)
    finally:
        if not ended:
            os.kill(pid, signal.SIGKILL)
        os.close(terminal)
    workspace.audit(PICTURES.items())


def test_findings_stand_above_the_progress_bars(workspace: Workspace) -> None:
    make_files(workspace.outbox, {"3/a.jpg": b"a", "4/b.jpg": b"b"})
    lines = [line for line in screen_after(workspace, "fsck") if line]
    assert [line.split()[0] for line in lines] == ["fault", "→", "fault", "→", "0"]
    assert "fault unrecorded   3/a.jpg  no row names it" in lines


def test_warnings_stand_above_the_progress_bar(workspace: Workspace) -> None:
    make_files(workspace.path, {"mine/3_0.jpg": reference_picture(3), "mine/4_0.jpg": b"no picture"})
    lines = screen_after(workspace, "evaluate", "mine")
    left_out = next(line for line in lines if "left out" in line)
    assert left_out.startswith("watcher: mine/4_0.jpg: left out: ")
    assert not [line for line in lines if "evaluating" in line]


def test_what_is_printed_into_a_file_stays_out_of_the_terminal(workspace: Workspace) -> None:
    make_files(workspace.outbox, {"3/a.jpg": b"a"})
    script = workspace.path / "script"
    script.write_text(f'"{sys.executable}" -m watcher fsck > found\n')
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(workspace.path)
        os.execvpe("sh", ["sh", str(script)], environment(FAST) | {"TERM": "xterm"})  # noqa: S606
    output = b""
    with suppress(OSError):
        while part := os.read(terminal, 65536):
            output += part
    os.close(terminal)
    os.waitpid(pid, 0)
    assert b"fault" not in output
    assert Path("found").read_text().startswith("fault unrecorded   3/a.jpg")
