"""The messages to a service manager, one by one."""

import os
from pathlib import Path

import pytest
from helpers.service_manager import Manager

from watcher.daemon.systemd.notify import Notifier, service_manager


@pytest.mark.parametrize("kind", ["path", "abstract"])
def test_each_message_is_one_datagram_as_sd_notify_has_it(tmp_path: Path, kind: str) -> None:
    address = str(tmp_path / "notify") if kind == "path" else f"@watcher-{os.getpid()}"
    with Manager(address) as manager:
        notifier = Notifier(address)
        notifier.extend_start(1.5)
        notifier.status("getting ready: 50 % of ½")
        notifier.ready()
        notifier.alive()
        notifier.stopping()
        notifier.reloading()
        *said, reloading = manager.said()
    assert said == [
        "EXTEND_TIMEOUT_USEC=1500000",
        "STATUS=getting ready: 50 % of ½",
        "READY=1",
        "WATCHDOG=1",
        "STOPPING=1",
    ]
    first, _, since = reloading.partition("\nMONOTONIC_USEC=")
    assert first == "RELOADING=1"
    assert int(since) > 0
    assert notifier.fault is None


def test_the_status_is_sent_only_when_it_changes(tmp_path: Path) -> None:
    with Manager(str(tmp_path / "notify")) as manager:
        notifier = Notifier(str(tmp_path / "notify"))
        for words in ("waiting", "waiting", "sorting", "waiting"):
            notifier.status(words)
        assert manager.said() == ["STATUS=waiting", "STATUS=sorting", "STATUS=waiting"]


def test_a_lost_service_manager_stops_nothing_and_may_come_back(tmp_path: Path) -> None:
    notifier = Notifier(str(tmp_path / "notify"))
    notifier.alive()
    assert notifier.fault == "No such file or directory"
    with Manager(str(tmp_path / "notify")):
        notifier.alive()
        assert notifier.fault is None


def test_without_a_service_manager_nothing_is_sent() -> None:
    notifier = service_manager({})
    notifier.ready()
    assert (notifier.has_manager, notifier.watchdog_seconds, notifier.fault) == (False, None, None)


def test_the_environment_names_the_socket_and_is_not_passed_on() -> None:
    environ = {"NOTIFY_SOCKET": "/run/notify", "WATCHDOG_USEC": "2500000", "WATCHDOG_PID": str(os.getpid())}
    notifier = service_manager(environ)
    assert (notifier.has_manager, notifier.watchdog_seconds) == (True, 2.5)
    assert environ == {}


@pytest.mark.parametrize(
    ("environ", "has_manager"),
    [
        ({"NOTIFY_SOCKET": "/run/notify", "WATCHDOG_USEC": "1000", "WATCHDOG_PID": "1"}, True),
        ({"NOTIFY_SOCKET": "/run/notify", "WATCHDOG_USEC": "soon"}, True),
        ({"NOTIFY_SOCKET": "/run/notify", "WATCHDOG_USEC": "0"}, True),
        ({"NOTIFY_SOCKET": "vsock:2:1234"}, False),
        ({"NOTIFY_SOCKET": ""}, False),
    ],
)
def test_variables_meant_for_other_processes_are_ignored(
    environ: dict[str, str], *, has_manager: bool
) -> None:
    notifier = service_manager(environ)
    assert (notifier.has_manager, notifier.watchdog_seconds) == (has_manager, None)
