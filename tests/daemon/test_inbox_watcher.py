"""Looking out for arrivals: whatever becomes of the system's events, the door learns of every file."""

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from helpers.support import make_files, wait_until

from watcher.config.settings import InboxSettings, LogSettings
from watcher.daemon import inbox_watcher as module
from watcher.daemon.inbox_watcher import InboxWatcher
from watcher.errors import WatcherError
from watcher.folders import arrivals as door_module
from watcher.folders.arrivals import Arrivals
from watcher.folders.inbox import Inbox
from watcher.monitoring.faults import Conditions
from watcher.monitoring.log import Log

ADD_WATCH = "watchdog.observers.inotify_c.inotify_add_watch"


class Post:
    """A inbox_watcher over a folder, and what it says."""

    def __init__(self, inbox: Path, **settings: Any) -> None:
        self.inbox = inbox
        self._said = io.StringIO()
        config = InboxSettings(path=inbox, **settings)
        self.door = Arrivals(Inbox(inbox, recursive=config.recursive, quiet_seconds=1))
        logger = Log(LogSettings(format="json", level="info"), self._said).logger
        self.inbox_watcher = InboxWatcher(config, self.door, lambda: None, Conditions(logger))

    def said(self) -> list[dict[str, str]]:
        events = [json.loads(line) for line in self._said.getvalue().splitlines()]
        return [{key: event[key] for key in ("event", "fault") if key in event} for event in events]

    def checked(self) -> set[str]:
        """The names that have come after another check."""
        self.inbox_watcher.check()
        return self.taken()

    def taken(self) -> set[str]:
        """The names of the files that have come through the door by now, which are taken away."""
        names = set()
        while self.door.is_open:
            for arrival in self.door.take(100):
                Path(arrival.path).unlink()
                names.add(arrival.name)
        return names


@pytest.fixture
def post(tmp_path: Path) -> Iterator[Callable[..., Post]]:
    posts: list[Post] = []

    def make(**settings: Any) -> Post:
        make_files(tmp_path / "inbox", {"before": b"x"})
        posts.append(Post(tmp_path / "inbox", **settings))
        return posts[-1]

    yield make
    for each in posts:
        each.inbox_watcher.stop()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.05)


Make = Callable[..., Post]


def test_what_lies_there_is_swept_up_and_what_comes_is_told(post: Make) -> None:
    here = post(sweep_seconds=3600)
    here.inbox_watcher.start()
    here.inbox_watcher.check()
    assert here.taken() == {"before"}
    make_files(here.inbox, {"after": b"x"})
    wait_until(lambda: here.taken() == {"after"})
    assert here.said() == []
    assert here.inbox_watcher.pace == module.CHECK_SECONDS


def test_a_folder_that_tells_nothing_is_polled_until_it_does(
    post: Make, impatient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    del impatient
    here = post(sweep_seconds=3600)
    with monkeypatch.context() as silence:
        silence.setattr(ADD_WATCH, lambda *_: 1)
        here.inbox_watcher.start()
    fault = "a hidden file was not told of within 0.05 s"
    assert here.said() == [{"event": "no events; polling instead", "fault": fault}]
    assert here.inbox_watcher.pace == module.POLL_SECONDS
    here.inbox_watcher.check()
    assert here.taken() == {"before"}
    make_files(here.inbox, {"after": b"x"})
    wait_until(lambda: here.checked() == {"after"})
    assert len(here.said()) == 1


@pytest.mark.parametrize("error", [OSError(28, "inotify watch limit reached"), RecursionError()])
def test_a_system_that_refuses_is_asked_again(
    post: Make, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def refuse(*_: object) -> int:
        raise error

    monkeypatch.setattr(module, "ANEW_SECONDS", 0.0)
    here = post()
    with monkeypatch.context() as refusal:
        refusal.setattr(ADD_WATCH, refuse)
        here.inbox_watcher.start()
        for _ in range(3):
            here.inbox_watcher.check()
            assert here.inbox_watcher.pace == module.POLL_SECONDS
    fault = "its folders lie too deep in one another" if isinstance(error, RecursionError) else error.args[1]
    assert here.said() == [{"event": "no events; polling instead", "fault": fault}]
    assert here.taken() == {"before"}
    here.inbox_watcher.check()
    assert here.said()[1:] == [{"event": "events again"}]
    assert here.inbox_watcher.pace == module.CHECK_SECONDS


def test_who_insists_on_events_is_told_what_to_write_where_there_are_none(
    post: Make, impatient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    del impatient
    monkeypatch.setattr(ADD_WATCH, lambda *_: 1)
    here = post(polling=False)
    with pytest.raises(WatcherError) as raised:
        here.inbox_watcher.start()
    assert str(raised.value) == (
        f"the system tells of no files in {here.inbox}: a hidden file was not told of within 0.05 s; "
        'to do without, write `polling = "auto"` under [inbox] of config.toml'
    )


@pytest.mark.parametrize("polling", ["auto", False])
def test_with_events_all_is_well(post: Make, polling: Literal["auto", False]) -> None:
    here = post(polling=polling)
    here.inbox_watcher.start()
    here.inbox_watcher.check()
    assert here.said() == []


def test_polling_that_was_asked_for_is_not_worth_a_word(post: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("watcher.daemon.inbox_watcher.EventWatcher", None)
    here = post(polling=True)
    here.inbox_watcher.start()
    here.inbox_watcher.check()
    assert here.taken() == {"before"}
    make_files(here.inbox, {"after": b"x"})
    wait_until(lambda: here.checked() == {"after"})
    assert here.said() == []


def test_an_observer_that_breaks_down_is_replaced_and_what_came_meanwhile_is_found(
    post: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = post(sweep_seconds=3600)
    here.inbox_watcher.start()
    here.inbox_watcher.check()
    assert here.taken() == {"before"}
    with monkeypatch.context() as fault:
        fault.setattr("watchdog.observers.inotify.InotifyWatchGroup.on_event", None)
        make_files(here.inbox, {"untold": b"x"})
        wait_until(lambda: here.inbox_watcher._watch is None or here.inbox_watcher._watch.fault)  # noqa: SLF001 - or the fault is taken back too soon
    here.inbox_watcher.check()
    assert here.taken() == {"untold"}
    make_files(here.inbox, {"told": b"x"})
    wait_until(lambda: here.taken() == {"told"})
    assert here.said() == [
        {
            "event": "no events; polling instead",
            "fault": "what was to report them broke down: TypeError(\"'NoneType' object is not callable\")",
        },
        {"event": "events again"},
    ]


@pytest.mark.parametrize("recursive", [False, True])
def test_where_events_are_lost_a_sweep_follows(
    post: Make, monkeypatch: pytest.MonkeyPatch, *, recursive: bool
) -> None:
    here = post(sweep_seconds=3600, recursive=recursive)
    here.inbox_watcher.start()
    here.inbox_watcher.check()
    assert here.taken() == {"before"}
    monkeypatch.setattr(door_module, "MOST_HINTS", 1)
    files = {f"{number}": b"x" for number in range(5)}
    make_files(here.inbox, dict(files))
    wait_until(lambda: here.door._has_lost_hints)  # noqa: SLF001 - asking would take it back
    monkeypatch.undo()
    for _ in range(3):
        here.inbox_watcher.check()
    assert here.taken() == files.keys()
    make_files(here.inbox, {"after": b"x"})
    wait_until(lambda: here.taken() == {"after"})
    assert here.said() == [
        {"event": "events lost; sweeping instead", "fault": "more came at once than can be kept in mind"},
        {"event": "events complete again"},
    ]
