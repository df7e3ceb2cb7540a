"""More files than events can tell of, and more than anybody would leave waiting."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from hashlib import sha256
from pathlib import Path

import pytest
from campaigns.audit import Drop
from campaigns.figures import tell
from campaigns.processes import peak_memory
from helpers.daemon import Daemon, Workspace, reference_picture
from helpers.support import make_files, wait_until

LINKER = Path(__file__).with_name("linker.py")
QUEUE = Path("/proc/sys/fs/inotify/max_queued_events")
PICTURES = {f"{index:02d}.jpg": reference_picture(index % 10, index // 10) for index in range(40)}
MOST_MEMORY = 300 * 2**20
SOON_SECONDS = 5.0


def flood(workspace: Workspace, files: int, processes: int = 2) -> tuple[list[Drop], float]:
    """Link so many files into the inbox; what was dropped, and how many that were a second."""
    pictures = workspace.path / "pictures"
    make_files(pictures, PICTURES)
    linkers = []
    for number in range(processes):
        command = [
            sys.executable,
            *map(str, (LINKER, pictures, workspace.inbox, number)),
            str(files // processes),
        ]
        linkers.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
    for linker in linkers:
        assert linker.stdout is not None
        assert linker.stdout.readline() == "ready\n"
    for linker in linkers:
        assert linker.stdin is not None
        linker.stdin.write("\n")
        linker.stdin.flush()
    times = [[float(word) for word in linker.communicate(timeout=600)[0].split()] for linker in linkers]
    digests = [sha256(content).hexdigest() for _, content in sorted(PICTURES.items())]
    dropped = [
        (f"{prefix}-{number}.jpg", digests[number % len(digests)])
        for prefix in range(processes)
        for number in range(files // processes)
    ]
    seconds = max(end for _, end in times) - min(begun for begun, _ in times)
    return dropped, len(dropped) / seconds


@contextmanager
def event_queue(length: int) -> Iterator[None]:
    """What is started meanwhile can have so many of the system's events waiting, and loses the others."""
    before = QUEUE.read_text()
    QUEUE.write_text(str(length))
    try:
        yield
    finally:
        QUEUE.write_text(before)


def filed_at_all(workspace: Workspace, name: str) -> bool:
    with closing(sqlite3.connect(f"{workspace.database.as_uri()}?mode=ro", uri=True)) as connection:
        query = "SELECT count(*) FROM results WHERE name = ? AND filed_at IS NOT NULL"
        return bool(connection.execute(query, [name]).fetchone()[0])


def seconds_until_filed(workspace: Workspace, name: str, content: bytes) -> float:
    """Drop one file, and see how long it takes."""
    start = time.monotonic()
    make_files(workspace.inbox, {name: content})
    wait_until(lambda: filed_at_all(workspace, name), 30)
    return time.monotonic() - start


def test_what_comes_while_the_system_drops_events_is_filed_all_the_same(workspace: Workspace) -> None:
    with Daemon(workspace, workers__executor="threads") as daemon:
        daemon.process.send_signal(signal.SIGSTOP)
        hidden = [workspace.inbox / ".one", workspace.inbox / ".other"]
        source = workspace.path / "source"
        source.touch()
        for _ in range(int(QUEUE.read_text()) // 2):
            for name in hidden:
                os.link(source, name)
            for name in hidden:
                name.unlink()
        dropped, _ = flood(workspace, 100)
        daemon.process.send_signal(signal.SIGCONT)
        wait_until(lambda: workspace.filed() == len(dropped))
    workspace.audit_digests(dropped)


@pytest.mark.campaign
@pytest.mark.timeout(7200)
@pytest.mark.skipif(not os.access(QUEUE, os.W_OK), reason="only root can shorten the system's event queue")
def test_two_hundred_thousand_files_are_all_filed_though_hardly_an_event_comes(workspace: Workspace) -> None:
    with ExitStack() as stack:
        with event_queue(16):
            stack.enter_context(Daemon(workspace))
        dropped, rate = flood(workspace, 200_000)
        start = time.monotonic()
        wait_until(lambda: workspace.filed() == len(dropped), 7000, pause=1.0)
        drained = time.monotonic() - start
    workspace.audit_digests(dropped)
    tell("flood", files=len(dropped), dropped_a_second=round(rate), filed_a_second=round(200_000 / drained))
    assert rate >= 20_000


@pytest.mark.campaign
@pytest.mark.timeout(3600)
def test_a_million_files_may_wait(workspace: Workspace) -> None:
    dropped, _ = flood(workspace, 1_000_000)
    new = [(f"new-{digit}.jpg", reference_picture(digit) + b"\0") for digit in range(10)]
    with Daemon(workspace) as daemon:
        start = time.monotonic()
        wait_until(lambda: workspace.filed() > 0, 30)
        first = time.monotonic() - start
        slowest = 0.0
        for name, content in new:
            slowest = max(slowest, seconds_until_filed(workspace, name, content))
            time.sleep(3)
        memory = {pid: peak_memory(pid) for pid in (daemon.process.pid, *daemon.workers())}
        rate = workspace.filed() / (time.monotonic() - start)
    tell(
        "a million waiting",
        first_filed_after=round(first, 2),
        new_filed_within=round(slowest, 2),
        filed_a_second=round(rate),
        peak_mb=[round(size / 2**20) for size in memory.values()],
    )
    waiting = {name for name in os.listdir(workspace.inbox) if not name.startswith(".")}  # noqa: PTH208 - a million
    left = [drop for drop in dropped if drop[0] not in waiting]
    for name in waiting:
        os.unlink(f"{workspace.inbox}/{name}")  # noqa: PTH108 - a million
    shutil.rmtree(workspace.path / "pictures")
    workspace.audit_digests([*left, *((name, sha256(content).hexdigest()) for name, content in new)])
    assert first <= 2.0
    assert slowest <= SOON_SECONDS
    assert memory[daemon.process.pid] <= MOST_MEMORY
