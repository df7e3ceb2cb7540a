"""What the daemon says of itself, and when."""

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
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Desk:
    """A heartbeat, the socket that is told, the file, and the log."""

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
        self.heartbeat.keep_in(self.file)

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.getvalue().splitlines()]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("watcher.daemon.heartbeat.time.monotonic", clock)
    return clock


def test_whoever_pauses_until_the_next_sign_never_comes_too_early(tmp_path: Path, clock: Clock) -> None:
    desk = Desk(tmp_path)  # a sign every two seconds, a word every second
    assert desk.heartbeat.tell(desk.work, 0)
    for word in (1.9, 0.1):
        clock.now += word
        assert not desk.heartbeat.tell(desk.work, 0)
    assert desk.heartbeat.pause > 0
    clock.now += desk.heartbeat.pause
    assert desk.heartbeat.tell(desk.work, 0)


def test_a_sign_of_life_is_given_four_times_in_the_period_unless_workers_are_late_for_all_of_it(
    tmp_path: Path, clock: Clock
) -> None:
    with Manager(str(tmp_path / "notify")) as manager:
        desk = Desk(tmp_path, str(tmp_path / "notify"))
        for late, pings in [(-1.0, 1), (7.9, 2), (8.0, 2), (60.0, 2), (0.0, 3)]:
            desk.work = Workload(0, late)
            assert desk.heartbeat.tell(desk.work, 0), "the pool should be tried"
            assert manager.pings() == pings
            assert not desk.heartbeat.tell(desk.work, 0), "and not yet again"
            assert desk.heartbeat.pause == 2.0
            clock.now += 2.0
    said = [(event["event"], event.get("fault")) for event in desk.events()]
    assert said == [
        ("workers do not come back", "a restart puts what they have in hand through again"),
        ("workers come back again", None),
    ]


def test_a_start_asks_for_more_time_once_a_second_at_most(tmp_path: Path, clock: Clock) -> None:
    with Manager(str(tmp_path / "notify")) as manager:
        desk = Desk(tmp_path, str(tmp_path / "notify"))
        for _ in range(100):
            desk.heartbeat.getting_ready()
        assert manager.said() == ["EXTEND_TIMEOUT_USEC=60000000"]
        clock.now += 1
        desk.heartbeat.getting_ready()
        assert manager.said() == ["EXTEND_TIMEOUT_USEC=60000000"] * 2


def test_what_it_does_is_told_with_the_backlog_and_the_newest_trouble_first(
    tmp_path: Path, clock: Clock
) -> None:
    with Manager(str(tmp_path / "notify")) as manager:
        desk = Desk(tmp_path, str(tmp_path / "notify"))

        def told(*, claimed: int, waiting: int, pictures: int) -> str:
            desk.work, desk.waiting = Workload(claimed, -1.0), waiting
            clock.now += 6
            desk.heartbeat.tell(desk.work, pictures)
            return manager.status()

        assert (
            told(claimed=0, waiting=0, pictures=1) == "waiting for pictures; 1 picture sorted since the start"
        )
        assert (
            told(claimed=128, waiting=1234, pictures=1) == "sorting: 128 in hand, 1,234 waiting in the inbox"
        )
        many = "sorting: 128 in hand, 10,000 or more waiting in the inbox"
        assert told(claimed=128, waiting=10**6, pictures=1) == many
        stalled = Condition(desk.conditions, "stalled", "going on")
        stalled.raise_("/srv: No space left\non device")
        words = r"stalled: /srv: No space left\non device; 3 in hand, 7 waiting in the inbox"
        assert told(claimed=3, waiting=7, pictures=1) == words
        stalled.clear()
        assert told(claimed=0, waiting=0, pictures=9).startswith("waiting for pictures; 9 pictures")


def test_a_service_manager_that_cannot_be_told_is_said_once(tmp_path: Path, clock: Clock) -> None:
    desk = Desk(tmp_path, str(tmp_path / "nobody"))
    for pictures in range(5):
        desk.heartbeat.tell(desk.work, pictures)
        clock.now += 2
    [event] = desk.events()
    assert (event["event"], event["fault"]) == (
        "the service manager cannot be told",
        "No such file or directory",
    )


def test_the_state_is_kept_when_something_happens_and_once_a_minute(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    wall = Clock()
    monkeypatch.setattr("watcher.daemon.heartbeat.time.time", wall)
    desk = Desk(tmp_path, period=None)

    def kept() -> Any:
        clock.now += 2
        desk.heartbeat.tell(desk.work, 0)
        return desk.file.read()

    assert kept().phase is Phase.STARTING
    desk.heartbeat.ready()
    written = kept()
    assert (written.phase, written.seen, written.last_fault) == (Phase.READY, 1000.0, None)
    wall.now += 59
    assert kept() == written
    wall.now += 1
    assert kept().seen == 1060.0
    condition = Condition(desk.conditions, "stalled", "going on")
    condition.raise_("the disk is full")
    assert (kept().troubles, kept().last_fault.fault) == (1, "the disk is full")
    condition.clear()
    assert (kept().troubles, kept().last_fault.over is not None) == (0, True)
    desk.heartbeat.stopping()
    assert kept().phase is Phase.STOPPING
    desk.heartbeat.ended("x" * 10_000)
    assert (kept().phase, kept().ended_by) == (Phase.FAILED, "x" * 1000)
