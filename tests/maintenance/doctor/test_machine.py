"""What the system gives: events, watches, disk space, open files, workers."""

import os
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from types import SimpleNamespace

import pytest
from helpers.daemon import Workspace
from helpers.support import make_files

from watcher.config.settings import Config
from watcher.maintenance.doctor import events, machine
from watcher.maintenance.doctor.findings import Finding

Configured = Callable[..., Config]


def the_only(findings: Iterable[Finding]) -> Finding:
    (finding,) = findings
    return finding


@pytest.mark.usefixtures("workspace")
@pytest.mark.parametrize(("polling", "level"), [('"auto"', "warn"), ("false", "wrong")])
def test_where_no_events_come_the_sweeps_do_unless_that_is_forbidden(
    configured: Configured, monkeypatch: pytest.MonkeyPatch, polling: str, level: str
) -> None:
    monkeypatch.setattr(events, "PATIENCE", 0.05)
    untold = SimpleNamespace(probe=lambda _patience: False)  # as on a network share
    monkeypatch.setattr(events, "watching", lambda *_, **__: nullcontext(untold))
    finding = the_only(events.delivery(configured(inbox__polling=polling)))
    assert (finding.level, finding.figure) == (level, "none came within 0.05 s")
    assert finding.advice


def test_where_it_only_sweeps_no_event_is_awaited(configured: Configured) -> None:
    config = configured(inbox__polling="true")
    assert the_only(events.delivery(config)).figure == "not used: a sweep finds files every 1 s"
    assert list(events.limits(config)) == []


@pytest.mark.parametrize(
    ("watches", "queued", "polling", "level"),
    [
        (4, 16384, '"auto"', "ok"),
        (3, 16384, '"auto"', "warn"),
        (3, 16384, "false", "wrong"),
        (4, 16, '"auto"', "warn"),
    ],
)
def test_every_subfolder_needs_a_watch_of_its_own_where_they_are_watched(
    workspace: Workspace,
    configured: Configured,
    monkeypatch: pytest.MonkeyPatch,
    *,
    watches: int,
    queued: int,
    polling: str,
    level: str,
) -> None:
    limits = {"max_user_watches": watches, "max_user_instances": 128, "max_queued_events": queued}
    make_files(workspace.path / "limits", {name: b"%d\n" % value for name, value in limits.items()})
    monkeypatch.setattr(events, "LIMITS", workspace.path / "limits")
    make_files(workspace.inbox, {"deep/": None, "down/": None})  # and .claimed
    finding = the_only(events.limits(configured(inbox__recursive="true", inbox__polling=polling)))
    assert (finding.level, finding.figure.split(" to")[0]) == (level, "4 folders")
    flat = the_only(events.limits(configured()))
    assert flat.figure.startswith("1 folder to watch ")


@pytest.mark.parametrize(
    ("free", "inodes", "level"),
    [
        (10**9, 10**6, "ok"),
        (10**9, 0, "wrong"),
        (10**9, 5000, "warn"),
        (10**8, 10**6, "warn"),
        (10**6, 10**6, "wrong"),
    ],
)
def test_it_says_when_a_disk_is_nearly_full(
    config: Config, monkeypatch: pytest.MonkeyPatch, free: int, inodes: int, level: str
) -> None:
    disk = SimpleNamespace(f_bavail=free // 4096 + 1, f_frsize=4096, f_favail=inodes, f_files=10**7)
    monkeypatch.setattr(os, "statvfs", lambda _path: disk)
    finding = the_only(machine.space(config))
    assert (finding.level, finding.figure.split(":")[0]) == (level, "inbox, outbox, database")


@pytest.mark.parametrize(("limit", "level"), [(-1, "ok"), (1024, "ok"), (200, "warn"), (32, "wrong")])
def test_it_says_when_a_process_may_open_few_files(
    config: Config, monkeypatch: pytest.MonkeyPatch, limit: int, level: str
) -> None:
    monkeypatch.setattr("resource.getrlimit", lambda _what: (limit, limit))
    assert the_only(machine.descriptors(config)).level == level
