"""The heartbeat: what the daemon reports, and when."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from helpers.service_manager import Manager

from watcher.config.settings import LogSettings
from watcher.daemon.heartbeat import Heartbeat, Workload
from watcher.daemon.systemd.notify import Notifier
from watcher.monitoring.faults import Condition, Conditions
from watcher.monitoring.log import Log
from watcher.monitoring.state_file import Phase, StateFile


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class HeartbeatScenario:
    """A heartbeat with its state file, its log, and perhaps a socket."""

    def __init__(self, folder: Path, address: str | None = None, period: float | None = 8.0) -> None:
        self.log = io.StringIO()
        logger = Log(LogSettings(format="json", level="info"), self.log).logger
        self.conditions = Conditions(logger)
        self.waiting = 0
        self.work = Workload(claimed=0, seconds_late=-1.0)
        self.file = StateFile(folder / "watcher.db")
        self.heartbeat = Heartbeat(
            Notifier(address, period), self.conditions, lambda most: min(most, self.waiting)
        )
        self.heartbeat.write_to(self.file)

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.getvalue().splitlines()]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("watcher.daemon.heartbeat.time.monotonic", clock)
    return clock


def test_after_the_pause_a_sign_of_life_is_due(tmp_path: Path, clock: Clock) -> None:
    scenario = HeartbeatScenario(tmp_path)  # a sign of life every two seconds, a status line every second
    assert scenario.heartbeat.beat(scenario.work, 0)
    for seconds in (1.9, 0.1):
        clock.now += seconds
        assert not scenario.heartbeat.beat(scenario.work, 0)
    assert scenario.heartbeat.pause > 0
    clock.now += scenario.heartbeat.pause
    assert scenario.heartbeat.beat(scenario.work, 0)


def test_signs_of_life_come_four_times_in_a_period_unless_workers_are_late_by_a_period(
    tmp_path: Path, clock: Clock
) -> None:
    with Manager(str(tmp_path / "notify")) as manager:
        scenario = HeartbeatScenario(tmp_path, str(tmp_path / "notify"))
        for late, pings in [(-1.0, 1), (7.9, 2), (8.0, 2), (60.0, 2), (0.0, 3)]:
            scenario.work = Workload(0, late)
            assert scenario.heartbeat.beat(scenario.work, 0), "the pool should be tried"
            assert manager.pings() == pings
            assert not scenario.heartbeat.beat(scenario.work, 0), "and not yet again"
            assert scenario.heartbeat.pause == 2.0
            clock.now += 2.0
    said = [(event["event"], event.get("fault")) for event in scenario.events()]
    assert said == [
        ("workers do not come back", "a restart puts what they have in hand through again"),
        ("workers come back again", None),
    ]


def test_a_start_asks_for_more_time_once_a_second_at_most(tmp_path: Path, clock: Clock) -> None:
    with Manager(str(tmp_path / "notify")) as manager:
        scenario = HeartbeatScenario(tmp_path, str(tmp_path / "notify"))
        for _ in range(100):
            scenario.heartbeat.starting()
        assert manager.said() == ["EXTEND_TIMEOUT_USEC=60000000"]
        clock.now += 1
        scenario.heartbeat.starting()
        assert manager.said() == ["EXTEND_TIMEOUT_USEC=60000000"] * 2


def test_the_status_line_has_the_newest_fault_first_and_the_backlog(tmp_path: Path, clock: Clock) -> None:
    with Manager(str(tmp_path / "notify")) as manager:
        scenario = HeartbeatScenario(tmp_path, str(tmp_path / "notify"))

        def status_line(*, claimed: int, waiting: int, pictures: int) -> str:
            scenario.work, scenario.waiting = Workload(claimed, -1.0), waiting
            clock.now += 6
            scenario.heartbeat.beat(scenario.work, pictures)
            return manager.status()

        assert (
            status_line(claimed=0, waiting=0, pictures=1)
            == "waiting for pictures; 1 picture sorted since the start"
        )
        assert (
            status_line(claimed=128, waiting=1234, pictures=1)
            == "sorting: 128 in hand, 1,234 waiting in the inbox"
        )
        many = "sorting: 128 in hand, 10,000 or more waiting in the inbox"
        assert status_line(claimed=128, waiting=10**6, pictures=1) == many
        stalled = Condition(scenario.conditions, "stalled", "going on")
        stalled.raise_("/srv: No space left\non device")
        words = r"stalled: /srv: No space left\non device; 3 in hand, 7 waiting in the inbox"
        assert status_line(claimed=3, waiting=7, pictures=1) == words
        stalled.clear()
        assert status_line(claimed=0, waiting=0, pictures=9).startswith("waiting for pictures; 9 pictures")


def test_a_service_manager_that_cannot_be_reached_is_logged_once(tmp_path: Path, clock: Clock) -> None:
    scenario = HeartbeatScenario(tmp_path, str(tmp_path / "nobody"))
    for pictures in range(5):
        scenario.heartbeat.beat(scenario.work, pictures)
        clock.now += 2
    [event] = scenario.events()
    assert (event["event"], event["fault"]) == (
        "the service manager cannot be told",
        "No such file or directory",
    )


def test_the_state_is_written_when_something_changes_and_once_a_minute(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    wall = Clock()
    monkeypatch.setattr("watcher.daemon.heartbeat.time.time", wall)
    scenario = HeartbeatScenario(tmp_path, period=None)

    def written_state() -> Any:
        clock.now += 2
        scenario.heartbeat.beat(scenario.work, 0)
        return scenario.file.read()

    assert written_state().phase is Phase.STARTING
    scenario.heartbeat.ready()
    written = written_state()
    assert (written.phase, written.seen, written.last_fault) == (Phase.READY, 1000.0, None)
    wall.now += 59
    assert written_state() == written
    wall.now += 1
    assert written_state().seen == 1060.0
    condition = Condition(scenario.conditions, "stalled", "going on")
    condition.raise_("the disk is full")
    assert (written_state().troubles, written_state().last_fault.fault) == (1, "the disk is full")
    condition.clear()
    assert (written_state().troubles, written_state().last_fault.over is not None) == (0, True)
    scenario.heartbeat.stopping()
    assert written_state().phase is Phase.STOPPING
    scenario.heartbeat.ended("x" * 10_000)
    assert (written_state().phase, written_state().ended_by) == (Phase.FAILED, "x" * 1000)
