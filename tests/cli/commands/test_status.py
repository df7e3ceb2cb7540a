"""`watcher status`: how the watcher is, without reading its log lines."""

import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from helpers.daemon import Daemon, Workspace, reference_picture
from helpers.filing_scenario import NO_PICTURE, OTHERS, PICTURES, FilingScenario, recognized
from helpers.support import make_files, wait_until

from watcher.monitoring.faults import Fault
from watcher.monitoring.state_file import Phase, State, StateFile
from watcher.store.timestamps import stamp

Watcher = Callable[..., Any]
CUT_SHORT = "cut short after {0}: killed, or the power failed; `watcher run` goes on"


def said(out: str) -> dict[str, str]:
    """The lines that begin with a label, by their labels."""
    return {line[:12].strip(): line[13:] for line in out.splitlines() if line[:12].strip()}


@contextmanager
def at_work(workspace: Workspace) -> Iterator[None]:
    """Hold the lock that a running daemon holds."""
    descriptor = os.open(workspace.claimed, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def leave(workspace: Workspace, **more: Any) -> State:
    """Write a state file as if this process were the daemon."""
    now = time.time()
    state = replace(State(os.getpid(), Phase.READY, now - 7200, now - 1), **more)
    StateFile(workspace.database).write(state)
    return state


def test_before_the_first_run_it_says_so_and_makes_nothing(watcher: Watcher, empty_folder: Path) -> None:
    told = said(watcher("status", code=3).out)
    assert told["not running"] == "it never ran, or left no state; `watcher run` starts it"
    assert told["backlog"] == "0 waiting in the inbox, 0 in hand"
    assert told["log"] == "there is no log yet; `watcher run` makes it"
    assert list(empty_folder.iterdir()) == []


def test_pictures_are_counted_by_status(watcher: Watcher, scenario: FilingScenario) -> None:
    filing = scenario.filing()
    filing.finish([recognized(claim) for claim in scenario.claim(PICTURES | OTHERS)])
    filing.review_below = 1.5  # nothing is that certain
    filing.finish([recognized(claim) for claim in scenario.claim({"unsure.png": b"1"})])
    scenario.claim({"claimed.png": b"1"})
    make_files(scenario.workspace.inbox, {"waits.png": b"7", ".hidden.png": b"7", "folder/": None})
    status = json.loads(watcher("status", "--json", code=3).out)
    for span in ("today", "last_hour", "last_minute"):
        counts = {name: status[span][name] for name in ("pictures", "filed", "review", "failed")}
        assert counts == {"pictures": 7, "filed": 5, "review": 1, "failed": 1}
        assert status[span]["review_share"] == pytest.approx(1 / 7)
    assert status["last_minute"]["a_second"] == pytest.approx(7 / 60)
    assert status["failed_today"] == [{"reason": NO_PICTURE, "pictures": 1, "newest": "novel.txt"}]
    assert status["backlog"] == {"waiting": 1, "in_hand": 1, "in_subfolders": 0}
    out = watcher("status", code=3).out
    assert said(out)["references"] == "none"
    assert said(out)["failed today"] == f"1: {NO_PICTURE} (the last: novel.txt)"
    rows = [line.split() for line in out.splitlines()]
    assert ["pictures", "7", "7", "7"] in rows
    assert ["to", "review", *["14.3", "%"] * 3] in rows
    assert ["failed", "1", "1", "1"] in rows


def test_older_pictures_are_not_counted(
    watcher: Watcher, scenario: FilingScenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenario.filing().finish([recognized(claim) for claim in scenario.claim(PICTURES)])
    now = time.time()
    monkeypatch.setattr("watcher.monitoring.status.time.time", lambda: now + 2 * 86400)
    status = json.loads(watcher("status", "--json", code=3).out)
    assert [status[span]["pictures"] for span in ("today", "last_hour", "last_minute")] == [0, 0, 0]
    assert status["today"]["review_share"] is None


def test_rows_of_a_clock_that_was_ahead_are_said_and_spoil_no_figure(
    watcher: Watcher, scenario: FilingScenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    filing, now = scenario.filing(), time.time()
    with monkeypatch.context() as clock:
        clock.setattr("watcher.pipeline.filing.time.time", lambda: now + 11 * 365 * 86400)
        filing.finish([recognized(claim) for claim in scenario.claim(PICTURES | OTHERS)])
    assert json.loads(watcher("status", "--json", code=3).out)["future"]["pictures"] == 6
    filing.finish([recognized(claim) for claim in scenario.claim({"today.png": b"1"})])
    status = json.loads(watcher("status", "--json", code=3).out)
    assert [status[span]["pictures"] for span in ("today", "last_hour", "last_minute")] == [1, 1, 1]
    assert status["failed_today"] == []
    newest = stamp(now + 11 * 365 * 86400)
    assert status["future"] == {"pictures": 6, "newest": newest}
    told = said(watcher("status", code=3).out)["future"]
    shown_newest = newest[:19].replace("T", " ")
    assert told == f"6 rows of a clock that was ahead, up to {shown_newest} UTC: not counted"
    listed = [
        json.loads(line)["name"] for line in watcher("results", "--since", "1h", "--json").out.splitlines()
    ]
    assert listed == ["today.png"]
    assert len(watcher("results", "--json").out.splitlines()) == 7
    ahead = stamp(now + 86400)[:10]
    assert len(watcher("results", "--since", ahead, "--json").out.splitlines()) == 6


def test_without_rows_of_the_future_nothing_is_said_of_them(
    watcher: Watcher, scenario: FilingScenario
) -> None:
    scenario.filing().finish([recognized(claim) for claim in scenario.claim(PICTURES)])
    assert json.loads(watcher("status", "--json", code=3).out)["future"] == {"pictures": 0, "newest": None}
    assert "future" not in said(watcher("status", code=3).out)


def test_a_daemon_whose_last_sign_is_of_the_future_is_not_taken_for_well(
    watcher: Watcher, scenario: FilingScenario
) -> None:
    now = time.time()
    leave(scenario.workspace, started=now + 86400, seen=now + 86400)
    with at_work(scenario.workspace):
        out = watcher("status", code=1).out
    assert "no sign of life since the clock was set back" in out
    assert said(out)["running"] == f"since {shown(now + 86400)}, process {os.getpid()}"


def test_a_running_daemon_is_shown_with_its_process_and_start(
    watcher: Watcher, scenario: FilingScenario
) -> None:
    state = leave(scenario.workspace)
    with at_work(scenario.workspace):
        told = said(watcher("status").out)
        assert told["running"] == f"since {shown(state.started)} (2 hours), process {os.getpid()}"
        assert told["last fault"] == "none"
        status = json.loads(watcher("status", "--json").out)
    assert (status["running"], status["well"], status["pid"]) == (True, True, os.getpid())
    assert status["since"] == stamp(state.started)


def test_a_daemon_without_a_state_file_is_still_running(watcher: Watcher, scenario: FilingScenario) -> None:
    with at_work(scenario.workspace):
        assert said(watcher("status").out)["running"].endswith(f"process {os.getpid()}")


def test_log_lines_that_could_not_be_written_are_counted(watcher: Watcher, scenario: FilingScenario) -> None:
    assert json.loads(watcher("status", "--json", code=3).out)["dropped_lines"] == 0
    leave(scenario.workspace)
    assert "log output" not in said(watcher("status", code=3).out)
    leave(scenario.workspace, dropped_lines=1234)
    with at_work(scenario.workspace):
        told = said(watcher("status").out)["log output"]
        assert told == "1,234 lines dropped: nobody read them, or the disk was full"
        assert json.loads(watcher("status", "--json").out)["dropped_lines"] == 1234


def test_a_fault_that_lasts_is_unwell_and_one_that_passed_is_not(
    watcher: Watcher, scenario: FilingScenario
) -> None:
    now = time.time()
    fault = Fault("stalled", "/srv: No space left on device", now - 90)
    words = f"{shown(now - 90)} stalled: /srv: No space left on device"
    with at_work(scenario.workspace):
        leave(scenario.workspace, troubles=1, last_fault=fault)
        assert said(watcher("status", code=1).out)["last fault"] == f"{words}; not over yet"
        leave(scenario.workspace, troubles=3, last_fault=fault)
        assert said(watcher("status", code=1).out)["last fault"] == f"{words}; not over yet, and 2 others"
        leave(scenario.workspace, last_fault=replace(fault, over=now - 60))
        assert said(watcher("status").out)["last fault"] == f"{words}; passed at {shown(now - 60)}"
    leave(scenario.workspace, phase=Phase.STOPPED, troubles=1, last_fault=fault)
    told = said(watcher("status", code=3).out)["last fault"]
    assert told == f"{words}; not over when the daemon ended"


def test_a_daemon_without_a_sign_of_life_hangs(watcher: Watcher, scenario: FilingScenario) -> None:
    leave(scenario.workspace, seen=time.time() - 605)
    with at_work(scenario.workspace):
        out = watcher("status", code=1).out
    assert "no sign of life for 10 minutes: it hangs, or cannot write next to its database" in out


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"phase": Phase.STOPPED}, "stopped at {0}; `watcher run` starts it"),
        ({"phase": Phase.READY}, CUT_SHORT),
        ({"phase": Phase.STARTING}, CUT_SHORT),
        ({"phase": Phase.FAILED, "ended_by": "the disk burns"}, "ended at {0} by a fault: the disk burns"),
    ],
)
def test_it_says_how_the_last_daemon_ended(
    watcher: Watcher, scenario: FilingScenario, more: dict[str, Any], words: str
) -> None:
    state = leave(scenario.workspace, **more)
    assert said(watcher("status", code=3).out)["not running"] == words.format(shown(state.seen))


def test_files_in_subfolders_that_are_not_watched_are_said_with_the_setting(
    watcher: Watcher, scenario: FilingScenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_files(scenario.workspace.inbox, {"a.png": b"7", "job-17/b.png": b"7", "job-17/deep/c.png": b"7"})
    out = watcher("status", code=3).out
    assert said(out)["backlog"] == "1 waiting in the inbox, 0 in hand"
    assert "2 in subfolders such as job-17/, which are not watched;" in out
    assert "set `recursive = true` under [inbox] of config.toml" in out
    assert all(len(line) <= 80 for line in out.splitlines())
    backlog = json.loads(watcher("status", "--json", code=3).out)["backlog"]
    assert backlog == {"waiting": 1, "in_hand": 0, "in_subfolders": 2}
    monkeypatch.setenv("WATCHER_INBOX__RECURSIVE", "true")
    assert "recursive" not in watcher("status", code=3).out
    backlog = json.loads(watcher("status", "--json", code=3).out)["backlog"]
    assert backlog == {"waiting": 3, "in_hand": 0, "in_subfolders": 0}


def test_it_says_that_the_inbox_is_gone(watcher: Watcher, scenario: FilingScenario) -> None:
    scenario.workspace.inbox.rename(scenario.workspace.path / "moved")
    told = said(watcher("status", code=3).out)
    assert told["backlog"] == "the inbox cannot be read; 0 in hand"


@pytest.mark.parametrize("phase", [Phase.STARTING, Phase.STOPPING])
def test_it_says_that_a_daemon_starts_or_stops(
    watcher: Watcher, scenario: FilingScenario, phase: Phase
) -> None:
    state = leave(scenario.workspace, phase=phase)
    with at_work(scenario.workspace):
        assert said(watcher("status").out)[phase].startswith(f"since {shown(state.started)}")


def test_the_backlog_is_counted_up_to_a_limit(
    watcher: Watcher, scenario: FilingScenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("watcher.monitoring.status", "watcher.cli.commands.status"):
        monkeypatch.setattr(f"{module}.MOST_COUNTED", 3)
    make_files(scenario.workspace.inbox, {f"{number}.png": b"7" for number in range(5)})
    told = said(watcher("status", code=3).out)
    assert told["backlog"] == "3 or more waiting in the inbox, 0 in hand"


def test_digits_without_references_are_named(
    watcher: Watcher, scenario: FilingScenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    del scenario
    monkeypatch.setattr("watcher.monitoring.status.ReferenceStore.counts", lambda _: (40,) * 7 + (0, 40, 0))
    monkeypatch.setattr("watcher.monitoring.status.ReferenceStore.version", lambda _: 2)
    told = said(watcher("status", code=3).out)
    assert told["references"] == "320 in version 2; none of 7; none of 9"


def test_watch_shows_the_status_repeatedly(
    watcher: Watcher, scenario: FilingScenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    del scenario
    naps = iter([None, None])

    def nap(_seconds: float) -> None:
        if next(naps, "over") == "over":
            raise KeyboardInterrupt

    monkeypatch.setattr("watcher.cli.commands.status.time.sleep", nap)
    lines = watcher("status", "--watch", "--json", code=3).out.splitlines()
    assert [json.loads(line)["running"] for line in lines] == [False] * 3


def test_it_shows_a_real_daemon_running_killed_and_stopped(watcher: Watcher, workspace: Workspace) -> None:
    with Daemon(workspace, workers__executor="threads") as daemon:
        told = said(watcher("status").out)
        assert told["running"].endswith(f", process {daemon.process.pid}")
        assert told["references"] == "400 in version 1"
        (workspace.inbox / "seven.jpg").write_bytes(reference_picture(7))
        wait_until(lambda: workspace.row("seven.jpg"))
        assert json.loads(watcher("status", "--json").out)["today"]["filed"] == 1
        daemon.kill()
        assert said(watcher("status", code=3).out)["not running"].startswith("cut short after ")
    with Daemon(workspace, workers__executor="threads"):
        assert json.loads(watcher("status", "--json").out)["well"] is True
    assert said(watcher("status", code=3).out)["not running"].startswith("stopped at ")


def shown(seconds: float) -> str:
    return f"{stamp(seconds)[:19].replace('T', ' ')} UTC"
