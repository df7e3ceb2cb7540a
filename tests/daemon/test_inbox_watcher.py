"""Watching the inbox: whatever becomes of the system's events, every file is noticed."""

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
from watcher.folders import arrivals as arrivals_module
from watcher.folders.arrivals import Arrivals
from watcher.folders.inbox import Inbox
from watcher.monitoring.faults import Conditions
from watcher.monitoring.log import Log

ADD_WATCH = "watchdog.observers.inotify_c.inotify_add_watch"


class WatcherScenario:
    """An inbox watcher for a folder, with its log."""

    def __init__(self, inbox: Path, **settings: Any) -> None:
        self.inbox = inbox
        self._said = io.StringIO()
        config = InboxSettings(path=inbox, **settings)
        self.arrivals = Arrivals(Inbox(inbox, recursive=config.recursive, quiet_seconds=1))
        logger = Log(LogSettings(format="json", level="info"), self._said).logger
        self.inbox_watcher = InboxWatcher(config, self.arrivals, lambda: None, Conditions(logger))

    def said(self) -> list[dict[str, str]]:
        events = [json.loads(line) for line in self._said.getvalue().splitlines()]
        return [{key: event[key] for key in ("event", "fault") if key in event} for event in events]

    def checked(self) -> set[str]:
        """Check once more, and take the names that have come."""
        self.inbox_watcher.check()
        return self.taken()

    def taken(self) -> set[str]:
        """Remove the files that have arrived by now, and return their names."""
        names = set()
        while self.arrivals.is_open:
            for arrival in self.arrivals.take(100):
                Path(arrival.path).unlink()
                names.add(arrival.name)
        return names


@pytest.fixture
def watching(tmp_path: Path) -> Iterator[Callable[..., WatcherScenario]]:
    scenarios: list[WatcherScenario] = []

    def make(**settings: Any) -> WatcherScenario:
        make_files(tmp_path / "inbox", {"before": b"x"})
        scenarios.append(WatcherScenario(tmp_path / "inbox", **settings))
        return scenarios[-1]

    yield make
    for each in scenarios:
        each.inbox_watcher.stop()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.05)


Make = Callable[..., WatcherScenario]


def test_old_files_are_swept_and_new_ones_are_reported(watching: Make) -> None:
    here = watching(sweep_seconds=3600)
    here.inbox_watcher.start()
    here.inbox_watcher.check()
    assert here.taken() == {"before"}
    make_files(here.inbox, {"after": b"x"})
    wait_until(lambda: here.taken() == {"after"})
    assert here.said() == []
    assert here.inbox_watcher.pace == module.CHECK_SECONDS


def test_a_folder_without_events_is_polled_until_they_come(
    watching: Make, impatient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    del impatient
    here = watching(sweep_seconds=3600)
    with monkeypatch.context() as silence:
        silence.setattr(ADD_WATCH, lambda *_: 1)
        here.inbox_watcher.start()
    fault = "a hidden test file was not reported within 0.05 s"
    assert here.said() == [{"event": "no events; polling instead", "fault": fault}]
    assert here.inbox_watcher.pace == module.POLL_SECONDS
    here.inbox_watcher.check()
    assert here.taken() == {"before"}
    make_files(here.inbox, {"after": b"x"})
    wait_until(lambda: here.checked() == {"after"})
    assert len(here.said()) == 1


@pytest.mark.parametrize("error", [OSError(28, "inotify watch limit reached"), RecursionError()])
def test_a_system_that_refuses_is_asked_again(
    watching: Make, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def refuse(*_: object) -> int:
        raise error

    monkeypatch.setattr(module, "LISTEN_AGAIN_SECONDS", 0.0)
    here = watching()
    with monkeypatch.context() as refusal:
        refusal.setattr(ADD_WATCH, refuse)
        here.inbox_watcher.start()
        for _ in range(3):
            here.inbox_watcher.check()
            assert here.inbox_watcher.pace == module.POLL_SECONDS
    fault = "its folders are nested too deep" if isinstance(error, RecursionError) else error.args[1]
    assert here.said() == [{"event": "no events; polling instead", "fault": fault}]
    assert here.taken() == {"before"}
    here.inbox_watcher.check()
    assert here.said()[1:] == [{"event": "events again"}]
    assert here.inbox_watcher.pace == module.CHECK_SECONDS


def test_if_the_settings_forbid_polling_the_error_says_what_to_write(
    watching: Make, impatient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    del impatient
    monkeypatch.setattr(ADD_WATCH, lambda *_: 1)
    here = watching(polling=False)
    with pytest.raises(WatcherError) as raised:
        here.inbox_watcher.start()
    assert str(raised.value) == (
        f"the system reports no files in {here.inbox}: a hidden test file was not reported within 0.05 s; "
        'to work without events, write `polling = "auto"` under [inbox] in config.toml'
    )


@pytest.mark.parametrize("polling", ["auto", False])
def test_with_events_nothing_is_logged(watching: Make, polling: Literal["auto", False]) -> None:
    here = watching(polling=polling)
    here.inbox_watcher.start()
    here.inbox_watcher.check()
    assert here.said() == []


def test_polling_by_setting_is_not_logged(watching: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("watcher.daemon.inbox_watcher.EventWatcher", None)
    here = watching(polling=True)
    here.inbox_watcher.start()
    here.inbox_watcher.check()
    assert here.taken() == {"before"}
    make_files(here.inbox, {"after": b"x"})
    wait_until(lambda: here.checked() == {"after"})
    assert here.said() == []


def test_a_broken_observer_is_replaced_and_no_file_is_missed(
    watching: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = watching(sweep_seconds=3600)
    here.inbox_watcher.start()
    here.inbox_watcher.check()
    assert here.taken() == {"before"}
    with monkeypatch.context() as fault:
        fault.setattr("watchdog.observers.inotify.InotifyWatchGroup.on_event", None)
        make_files(here.inbox, {"unreported": b"x"})
        wait_until(lambda: here.inbox_watcher._events is None or here.inbox_watcher._events.fault)  # noqa: SLF001 - or the fault is taken back too soon
    here.inbox_watcher.check()
    assert here.taken() == {"unreported"}
    make_files(here.inbox, {"reported": b"x"})
    wait_until(lambda: here.taken() == {"reported"})
    assert here.said() == [
        {
            "event": "no events; polling instead",
            "fault": "the thread that reports them failed: TypeError(\"'NoneType' object is not callable\")",
        },
        {"event": "events again"},
    ]


@pytest.mark.parametrize("recursive", [False, True])
def test_after_lost_events_a_sweep_follows(
    watching: Make, monkeypatch: pytest.MonkeyPatch, *, recursive: bool
) -> None:
    here = watching(sweep_seconds=3600, recursive=recursive)
    here.inbox_watcher.start()
    here.inbox_watcher.check()
    assert here.taken() == {"before"}
    monkeypatch.setattr(arrivals_module, "MOST_HINTS", 1)
    files = {f"{number}": b"x" for number in range(5)}
    make_files(here.inbox, dict(files))
    wait_until(lambda: here.arrivals._has_lost_hints)  # noqa: SLF001 - asking would take it back
    monkeypatch.undo()
    for _ in range(3):
        here.inbox_watcher.check()
    assert here.taken() == files.keys()
    make_files(here.inbox, {"after": b"x"})
    wait_until(lambda: here.taken() == {"after"})
    assert here.said() == [
        {"event": "events lost; sweeping instead", "fault": "more came at once than can be remembered"},
        {"event": "events complete again"},
    ]
