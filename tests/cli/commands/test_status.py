"""`watcher status`: how the watcher is, said without a look into a log."""

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


def said(out: str) -> dict[str, str]:
    """The lines that begin with a word, by it."""
    return {line[:12].strip(): line[13:] for line in out.splitlines() if line[:12].strip()}


@contextmanager
def at_work(workspace: Workspace) -> Iterator[None]:
    """Somebody holds the lock that a daemon holds."""
    descriptor = os.open(workspace.claimed, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def leave(workspace: Workspace, **more: Any) -> State:
    """Leave a state as a daemon does that is this process."""
    now = time.time()
    state = replace(State(os.getpid(), Phase.READY, now - 7200, now - 1), **more)
    StateFile(workspace.database).write(state)
    return state


def test_where_nothing_ever_was_it_says_so_and_makes_nothing(watcher: Watcher, empty_folder: Path) -> None:
    told = said(watcher("status", code=3).out)
    assert told["not running"] == "it never was, or left no word; `watcher run` starts it"
    assert told["backlog"] == "0 waiting in the inbox, 0 in hand"
    assert told["log"] == "there is none yet; `watcher run` makes it"
    assert list(empty_folder.iterdir()) == []


def test_what_came_is_counted_by_what_became_of_it(watcher: Watcher, scenario: FilingScenario) -> None:
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
    assert status["backlog"] == {"waiting": 1, "in_hand": 1}
    out = watcher("status", code=3).out
    assert said(out)["references"] == "none"
    assert said(out)["failed today"] == f"1: {NO_PICTURE} (the last: novel.txt)"
    rows = [line.split() for line in out.splitlines()]
    assert ["pictures", "7", "7", "7"] in rows
    assert ["to", "review", *["14.3", "%"] * 3] in rows
    assert ["failed", "1", "1", "1"] in rows


def test_what_is_older_is_not_of_today(
    watcher: Watcher, scenario: FilingScenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenario.filing().finish([recognized(claim) for claim in scenario.claim(PICTURES)])
    now = time.time()
    monkeypatch.setattr("watcher.monitoring.status.time.time", lambda: now + 2 * 86400)
    status = json.loads(watcher("status", "--json", code=3).out)
    assert [status[span]["pictures"] for span in ("today", "last_hour", "last_minute")] == [0, 0, 0]
    assert status["today"]["review_share"] is None


def test_one_at_work_is_said_with_its_process_and_since_when(
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


def test_one_that_says_nothing_of_itself_is_at_work_all_the_same(
    watcher: Watcher, scenario: FilingScenario
) -> None:
    with at_work(scenario.workspace):
        assert said(watcher("status").out)["running"].endswith(f"process {os.getpid()}")


def test_a_fault_that_lasts_is_amiss_and_one_that_passed_is_not(
    watcher: Watcher, scenario: FilingScenario
) -> None:
    now = time.time()
    fault = Fault("stalled", "/srv: No space left on device", now - 90)
    words = f"{shown(now - 90)} stalled: /srv: No space left on device"
    with at_work(scenario.workspace):
        leave(scenario.workspace, troubles=1, last_fault=fault)
        assert said(watcher("status", code=1).out)["last fault"] == f"{words}; it lasts"
        leave(scenario.workspace, troubles=3, last_fault=fault)
        assert said(watcher("status", code=1).out)["last fault"] == f"{words}; it lasts, and 2 others"
        leave(scenario.workspace, last_fault=replace(fault, over=now - 60))
        assert said(watcher("status").out)["last fault"] == f"{words}; passed at {shown(now - 60)}"
    leave(scenario.workspace, phase=Phase.STOPPED, troubles=1, last_fault=fault)
    told = said(watcher("status", code=3).out)["last fault"]
    assert told == f"{words}; it lasted when the daemon ended"


def test_one_that_shows_no_sign_of_life_is_said_to_hang(watcher: Watcher, scenario: FilingScenario) -> None:
    leave(scenario.workspace, seen=time.time() - 605)
    with at_work(scenario.workspace):
        out = watcher("status", code=1).out
    assert "no sign of life for 10 minutes: it hangs, or cannot write beside its database" in out


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"phase": Phase.STOPPED}, "stopped at {0}; `watcher run` starts it"),
        ({"phase": Phase.READY}, "cut short after {0}: killed, or the power went; `watcher run` goes on"),
        ({"phase": Phase.STARTING}, "cut short after {0}: killed, or the power went; `watcher run` goes on"),
        ({"phase": Phase.FAILED, "ended_by": "the disk burns"}, "ended at {0} by a fault: the disk burns"),
    ],
)
def test_how_the_last_one_ended_is_said(
    watcher: Watcher, scenario: FilingScenario, more: dict[str, Any], words: str
) -> None:
    state = leave(scenario.workspace, **more)
    assert said(watcher("status", code=3).out)["not running"] == words.format(shown(state.seen))


def test_an_inbox_that_is_gone_is_said(watcher: Watcher, scenario: FilingScenario) -> None:
    scenario.workspace.inbox.rename(scenario.workspace.path / "moved")
    told = said(watcher("status", code=3).out)
    assert told["backlog"] == "the inbox cannot be looked at; 0 in hand"


@pytest.mark.parametrize("phase", [Phase.STARTING, Phase.STOPPING])
def test_one_that_starts_or_stops_is_said_to(
    watcher: Watcher, scenario: FilingScenario, phase: Phase
) -> None:
    state = leave(scenario.workspace, phase=phase)
    with at_work(scenario.workspace):
        assert said(watcher("status").out)[phase].startswith(f"since {shown(state.started)}")


def test_of_very_many_that_wait_it_is_said_that_there_are_as_many_or_more(
    watcher: Watcher, scenario: FilingScenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("watcher.monitoring.status", "watcher.cli.commands.status"):
        monkeypatch.setattr(f"{module}.MOST_COUNTED", 3)
    make_files(scenario.workspace.inbox, {f"{number}.png": b"7" for number in range(5)})
    told = said(watcher("status", code=3).out)
    assert told["backlog"] == "3 or more waiting in the inbox, 0 in hand"


def test_digits_of_which_there_is_no_reference_are_named(
    watcher: Watcher, scenario: FilingScenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    del scenario
    monkeypatch.setattr("watcher.monitoring.status.ReferenceStore.counts", lambda _: (40,) * 7 + (0, 40, 0))
    monkeypatch.setattr("watcher.monitoring.status.ReferenceStore.version", lambda _: 2)
    told = said(watcher("status", code=3).out)
    assert told["references"] == "320 in version 2; none of 7; none of 9"


def test_watching_shows_it_again_and_again(
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


def test_a_daemon_says_how_it_is_while_it_lives_when_it_is_killed_and_when_it_stops(
    watcher: Watcher, workspace: Workspace
) -> None:
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
