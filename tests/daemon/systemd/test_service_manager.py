"""The daemon under a service manager: it reports that it is ready, busy, alive, reloaded and stopped."""

import fcntl
import os
import pty
import re
import signal
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO

import pytest
from helpers.daemon import (
    Daemon,
    Workspace,
    descendants,
    environment,
    furnished,
    piped,
    reference_picture,
    run,
    start,
)
from helpers.service_manager import Manager
from helpers.support import make_files, wait_until

from watcher.monitoring.state_file import StateFile

SETTINGS = """\
[inbox]
sweep_seconds = 3600
[workers]
count = 1
deadline_seconds = {deadline}
[recognition]
review_below = {review_below}
"""
SEVEN = reference_picture(7)
PAGE = 4096
PERIOD = 1.0
"""After how many seconds without a sign of life the service manager would start it anew."""


def settings(*, deadline: float = 0.5, review_below: float = 0.9, more: str = "") -> str:
    return SETTINGS.format(deadline=deadline, review_below=review_below) + more


@pytest.fixture(scope="module")
def workspace(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A place with a claim that a killed daemon left."""
    workspace = furnished(tmp_path_factory.mktemp("managed"), trained)
    (workspace.path / "config.toml").write_text(settings())
    make_files(workspace.claimed, {"0000000000000001/left.jpg": SEVEN})
    return workspace


@pytest.fixture(scope="module")
def manager(workspace: Workspace) -> Iterator[Manager]:
    with Manager(str(workspace.path / "notify"), PERIOD) as manager:
        yield manager


@pytest.fixture(scope="module")
def daemon(workspace: Workspace, manager: Manager) -> Iterator[Daemon]:
    daemon = Daemon(workspace, manager.environ)
    manager.wait_for("READY=1")
    with daemon:
        yield daemon
        before = len(manager.said())
        daemon.stop()
        assert "STOPPING=1" in manager.said()[before:]


def reload(daemon: Daemon, manager: Manager, written: str) -> None:
    """Have it read other settings, and wait until it reports that it has."""
    (daemon.workspace.path / "config.toml").write_text(written)
    before = len(manager.said())
    daemon.process.send_signal(signal.SIGHUP)
    wait_until(lambda: any(said.startswith("RELOADING=1\n") for said in manager.said()[before:]))
    manager.wait_for("READY=1", after=before)


def test_it_is_ready_once_it_has_recovered_and_hears_of_files(daemon: Daemon, manager: Manager) -> None:
    said = [event["event"] for event in daemon.events()]
    assert said.index("resumed") < said.index("ready")
    assert manager.said().index("READY=1") == 0 or manager.said()[0].startswith("EXTEND_TIMEOUT_USEC=")
    (daemon.workspace.inbox / "told.jpg").write_bytes(SEVEN)  # it will not look for itself within the hour
    wait_until(lambda: daemon.workspace.filed() >= 2)
    assert {row["name"] for row in daemon.workspace.rows()} >= {"left.jpg", "told.jpg"}


def test_it_reports_what_it_does(daemon: Daemon, manager: Manager) -> None:
    idle = re.compile(r"waiting for pictures; \d+ pictures? sorted since the start")
    wait_until(lambda: idle.fullmatch(manager.status()))
    before = len(manager.said())
    for number in range(500):
        (daemon.workspace.inbox / f"many-{number}.jpg").write_bytes(SEVEN)
    busy = re.compile(r"STATUS=sorting: [\d,]+ in hand, [\d,]+ waiting in the inbox")
    wait_until(lambda: any(busy.fullmatch(said) for said in manager.said()[before:]), 30)
    wait_until(lambda: idle.fullmatch(manager.status()), 60)


def test_its_workers_send_no_messages(daemon: Daemon) -> None:
    for pid in descendants(daemon.process.pid):
        assert b"NOTIFY_SOCKET" not in Path(f"/proc/{pid}/environ").read_bytes()


def test_signs_of_life_come_while_it_is_idle_and_stop_while_its_workers_hang(
    daemon: Daemon, manager: Manager
) -> None:
    pings = manager.pings()
    wait_until(lambda: manager.pings() >= pings + 3)
    workers = descendants(daemon.process.pid)
    for pid in workers:
        os.kill(pid, signal.SIGSTOP)
    try:
        (daemon.workspace.inbox / "patient.jpg").write_bytes(SEVEN)
        wait_until(lambda: daemon.said("workers do not come back"), 30)
        pings = manager.pings()
        stuck = "workers do not come back: a restart puts what they have in hand through again; 1 in hand"
        wait_until(lambda: manager.status().startswith(stuck))
        assert manager.pings() == pings
    finally:
        for pid in workers:
            with suppress(ProcessLookupError):  # given up for another
                os.kill(pid, signal.SIGCONT)
    wait_until(lambda: manager.pings() > pings)
    assert daemon.said("workers come back again")
    wait_until(lambda: daemon.workspace.row("patient.jpg"))


def test_reloaded_settings_are_in_force_and_named(daemon: Daemon, manager: Manager) -> None:
    reload(daemon, manager, settings(review_below=1.0, deadline=2))
    assert daemon.said("reloaded")[-1]["changed"] == [
        "[recognition] review_below = 1.0",
        "[workers] deadline_seconds = 2.0",
    ]
    (daemon.workspace.inbox / "strict.jpg").write_bytes(reference_picture(4, 3))
    wait_until(lambda: daemon.workspace.row("strict.jpg"))
    row = daemon.workspace.row("strict.jpg")
    assert row is not None
    assert (row["status"], row["digit"]) == ("review", 4)
    reload(daemon, manager, settings())


def test_every_fault_of_a_reloaded_file_is_logged_and_the_old_settings_stay_in_force(
    daemon: Daemon, manager: Manager
) -> None:
    faulty = settings(review_below=1.5, more="color = true\n")
    reload(daemon, manager, faulty)
    [told] = daemon.said("the settings are faulty")
    assert told["fault"].split("; ") == [
        "config.toml:7: [recognition] review_below = 1.5 must be less than or equal to 1",
        "config.toml:8: [recognition] color is not a setting",
    ]
    assert told["do"] == "the old ones stay; fix the new ones and reload"
    wait_until(lambda: manager.status().startswith("the settings are faulty: config.toml:7"))
    (daemon.workspace.path / "config.toml").write_text(settings())  # mended, and not reloaded yet
    status = run(daemon.workspace.path, "status", code=1).stdout
    assert re.search(
        r"^last fault   .* the settings are faulty: config.toml:7: .*; not over yet$", status, re.MULTILINE
    )
    (daemon.workspace.inbox / "still.jpg").write_bytes(SEVEN)
    wait_until(lambda: daemon.workspace.row("still.jpg"))
    assert (daemon.workspace.outbox / "7" / "still.jpg").exists()
    reload(daemon, manager, settings())
    assert daemon.said("the settings are in order again")
    assert daemon.said("reloaded")[-1]["changed"] == []
    status = run(daemon.workspace.path, "status").stdout
    assert re.search(
        r"^last fault   .* the settings are faulty: .*; passed at [\d :-]+ UTC$", status, re.MULTILINE
    )


def test_a_setting_that_needs_a_restart_is_named(daemon: Daemon, manager: Manager) -> None:
    reload(daemon, manager, settings(more="[outbox]\npath = 'elsewhere'\n[log]\nlevel = 'debug'\n"))
    elsewhere = f'[outbox] path = "{daemon.workspace.path}/elsewhere"'
    assert daemon.said("needs a restart")[-1]["setting"] == elsewhere
    assert daemon.said("reloaded")[-1]["changed"] == ['[log] level = "debug"']
    assert not (daemon.workspace.path / "elsewhere").exists()
    reload(daemon, manager, settings())


def test_another_rule_is_fitted_beside_the_work_and_swapped_in(daemon: Daemon, manager: Manager) -> None:
    reload(daemon, manager, settings(more="rule = 'nearest'\n"))
    wait_until(lambda: daemon.said("references changed"), 30)
    (daemon.workspace.inbox / "nearest.jpg").write_bytes(SEVEN)
    wait_until(lambda: daemon.workspace.row("nearest.jpg"))
    assert {folder.name.split("-")[2] for folder in daemon.workspace.path.glob("watcher.db.cache/*-*")} == {
        "deformable",
        "nearest",
    }


def test_signs_of_life_stop_while_the_writing_thread_hangs(trained: Path, tmp_path: Path) -> None:
    workspace = furnished(tmp_path, trained)
    with Manager(f"@{tmp_path}", PERIOD) as manager, Daemon(workspace, manager.environ) as daemon:
        manager.wait_for("READY=1")
        state = StateFile(workspace.database).path
        state.unlink()
        os.mkfifo(state)  # opening it waits for a reader
        before = len(manager.said())
        daemon.process.send_signal(signal.SIGHUP)
        wait_until(lambda: "READY=1" in manager.said()[before:])
        pings = manager.pings()
        time.sleep(PERIOD)
        assert manager.pings() == pings
        reader = os.open(state, os.O_RDONLY | os.O_NONBLOCK)
        state.unlink()
        wait_until(lambda: manager.pings() > pings)
        os.close(reader)


def test_signs_of_life_go_on_while_nobody_reads_the_log(trained: Path, tmp_path: Path) -> None:
    workspace = furnished(tmp_path, trained)
    with Manager(f"@{tmp_path}", PERIOD) as manager:
        variables = environment({"workers__executor": "threads"}) | manager.environ
        with piped(workspace.path, "run", variables=variables) as (process, pipe, _):
            manager.wait_for("READY=1")
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PAGE)
            for number in range(100):
                (workspace.inbox / f"{number}.jpg").write_bytes(SEVEN)
            wait_until(lambda: is_full(pipe))
            pings = manager.pings()
            wait_until(lambda: manager.pings() > pings and workspace.filed() == 100, 30)
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0


def test_closing_the_terminal_stops_it_instead_of_reloading(trained: Path, tmp_path: Path) -> None:
    workspace = furnished(tmp_path, trained)
    ours, theirs = pty.openpty()
    with Path(os.devnull).open("r+") as nothing, os.fdopen(theirs, "wb", 0) as terminal:
        process = start(
            workspace.path,
            "run",
            streams=(nothing, terminal, nothing),
            variables=environment({"workers__executor": "threads"}),
        )
    try:
        said = b""
        while b"ready " not in said:
            said += os.read(ours, 10_000)
        process.send_signal(signal.SIGHUP)
        with suppress(OSError):  # so ends a terminal
            while more := os.read(ours, 10_000):
                said += more
        assert process.wait(20) == 0
        assert b"stopped " in said
        assert b"reload" not in said
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def is_full(pipe: IO[bytes]) -> bool:
    """Whether a pipe of one page takes no other event."""
    held = fcntl.ioctl(pipe, termios.FIONREAD, b"\0\0\0\0")
    return int.from_bytes(held, sys.byteorder) > PAGE - 200
