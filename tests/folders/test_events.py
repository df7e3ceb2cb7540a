"""The observer, a real one: it reports every way in which a file can come."""

import ctypes
import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from helpers.support import make_files, wait_until

from watcher.folders.events import watching


def write(inbox: Path, path: Path) -> None:
    assert path.is_relative_to(inbox)
    path.write_bytes(b"x")


def rename_inside(inbox: Path, path: Path) -> None:
    (inbox / "scan.tmp").write_bytes(b"x")
    (inbox / "scan.tmp").rename(path)


def move_in(inbox: Path, path: Path) -> None:
    make_files(inbox.parent, {"outside": b"x"})
    (inbox.parent / "outside").rename(path)


def link_in(inbox: Path, path: Path) -> None:
    make_files(inbox.parent, {"outside": b"x"})
    path.hardlink_to(inbox.parent / "outside")


WAYS = [write, rename_inside, move_in, link_in]


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    make_files(tmp_path, {"inbox/sub/": None})
    return tmp_path / "inbox"


@pytest.fixture
def reported(inbox: Path) -> Iterator[list[str]]:
    """The paths an observer of the inbox has reported so far."""
    paths: list[str] = []
    with watching(inbox, paths.append, recursive=False):
        yield paths


@pytest.mark.parametrize("arrive", WAYS)
def test_every_way_of_arriving_is_reported(
    inbox: Path, reported: list[str], arrive: Callable[[Path, Path], None]
) -> None:
    path = inbox / "sc\udce4n.png"
    arrive(inbox, path)
    wait_until(lambda: str(path) in reported)


def test_a_file_is_reported_once_more_when_it_is_complete(inbox: Path, reported: list[str]) -> None:
    path = inbox / "scan.png"
    with path.open("wb") as file:
        wait_until(lambda: str(path) in reported)
        before = len(reported)
        file.write(b"x")
    wait_until(lambda: str(path) in reported[before:])


def test_a_rename_out_of_the_folder_keeps_nothing_back(inbox: Path, reported: list[str]) -> None:
    give_up = time.monotonic() + 10  # watchdog's own way takes half a second for each, 20 in all
    for number in range(40):
        path = inbox / f"{number}.png"
        write(inbox, path)
        wait_until(lambda path=path: str(path) in reported, give_up - time.monotonic())  # type: ignore[misc]
        path.rename(inbox.parent / f"claimed-{number}")
    assert list(inbox.iterdir()) == [inbox / "sub"]


def test_subfolders_are_watched_where_that_is_asked_for(inbox: Path) -> None:
    reported: list[str] = []
    with watching(inbox, reported.append, recursive=True):
        make_files(inbox, {"sub/a.png": b"x"})
        wait_until(lambda: str(inbox / "sub" / "a.png") in reported)
        make_files(inbox, {"new/": None})
        wait_until(lambda: _write_and_see(inbox / "new" / "b.png", reported))


def _write_and_see(path: Path, reported: list[str]) -> bool:
    """Write a file until it is reported: a new subfolder is watched soon, not at once."""
    path.write_bytes(b"x")
    return str(path) in reported


def test_otherwise_they_are_not(inbox: Path, reported: list[str]) -> None:
    make_files(inbox, {"sub/a.png": b"x"})
    make_files(inbox, {"b.png": b"x"})
    wait_until(lambda: str(inbox / "b.png") in reported)
    assert str(inbox / "sub" / "a.png") not in reported


def test_a_link_to_a_folder_is_followed(inbox: Path) -> None:
    link, reported = inbox.with_name("link"), list[str]()
    link.symlink_to(inbox)
    with watching(link, reported.append, recursive=False) as watch:
        assert watch.probe(10)
        write(link, link / "a.png")
        wait_until(lambda: str(link / "a.png") in reported)


def test_whether_events_are_delivered_is_tried_with_a_file_that_is_gone_at_once(inbox: Path) -> None:
    with watching(inbox, lambda _path: None, recursive=False) as watch:
        assert not watch.is_delivering
        assert watch.probe(10)
        assert watch.is_delivering
        assert list(inbox.iterdir()) == [inbox / "sub"]


def test_a_system_that_accepts_a_watch_and_gives_no_events_is_detected(
    inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("watchdog.observers.inotify_c.inotify_add_watch", lambda *_: 1)
    with watching(inbox, lambda _path: None, recursive=False) as watch:
        assert not watch.probe(0.05)
        assert watch.fault is None
        assert list(inbox.iterdir()) == [inbox / "sub"]


def overflow(inbox: Path) -> None:
    """More events than the system keeps, while no thread of this process can read them."""
    most = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    if most > 100_000:
        pytest.skip(f"{most} events are kept")
    # Of two alike in a row only one is kept.
    script = f"for i in $(seq {most}); do : > a; : > b; done"
    with subprocess.Popen(["sh", "-c", script], cwd=inbox) as process:
        ctypes.PyDLL(None).waitpid(process.pid, None, 0)  # unlike CDLL, it keeps the interpreter's lock


def test_events_that_were_lost_are_reported_once(inbox: Path, caplog: pytest.LogCaptureFixture) -> None:
    with watching(inbox, lambda _path: None, recursive=False) as watch:
        assert not watch.has_lost_events()
        overflow(inbox)
        wait_until(watch.has_lost_events)
        wait_until(lambda: not watch.has_lost_events())
        assert watch.fault is None
        assert watch.probe(10)
    assert caplog.records == []


def test_a_thread_that_dies_is_reported_with_its_reason_and_leaves_nothing_open(inbox: Path) -> None:
    before = sorted(os.listdir("/proc/self/fd"))  # noqa: PTH208 - numbers, not paths
    with watching(inbox, lambda _path: None, recursive=False) as watch:
        assert watch.fault is None
        break_off(inbox)
        wait_until(lambda: watch.fault)
        assert watch.fault == "IsADirectoryError(21, 'Is a directory')"
    assert sorted(os.listdir("/proc/self/fd")) == before  # noqa: PTH208


def break_off(inbox: Path) -> None:
    """Make the next read of events fail: a folder takes the place of what is read from."""
    folder = os.open(inbox, os.O_RDONLY)
    [descriptor] = [fd for fd in Path("/proc/self/fd").iterdir() if _leads_to(fd) == "anon_inode:inotify"]
    os.dup2(folder, int(descriptor.name))
    os.close(folder)
    write(inbox, inbox / "wakes it up.png")


def _leads_to(path: Path) -> str:
    try:
        return str(path.readlink())
    except FileNotFoundError:  # what read the folder of descriptors has closed its own
        return ""


def test_a_subfolder_that_is_renamed_is_reported_by_its_new_name(
    inbox: Path, recwarn: pytest.WarningsRecorder
) -> None:
    reported: list[str] = []
    with watching(inbox, reported.append, recursive=True) as watch:
        for name in ("new", "sub", "newer"):
            before = next(inbox.iterdir())
            before.rename(inbox / name)
            wait_until(lambda: _write_and_see(next(inbox.iterdir()) / "a.png", reported))
            (inbox / name / "a.png").unlink()
        assert watch.fault is None
    assert not recwarn.list


@pytest.mark.parametrize("arrive", WAYS)
def test_on_other_systems_than_linux_watchdog_s_own_observer_is_used(
    inbox: Path, monkeypatch: pytest.MonkeyPatch, arrive: Callable[[Path, Path], None]
) -> None:
    monkeypatch.setattr("watchdog.utils.platform.is_linux", lambda: False)
    reported: list[str] = []
    with watching(inbox, reported.append, recursive=False) as watch:
        assert watch.probe(10)
        arrive(inbox, inbox / "a.png")
        wait_until(lambda: str(inbox / "a.png") in reported)
        assert watch.fault is None


def test_it_stops_and_leaves_no_thread_behind(inbox: Path) -> None:
    before = set(threading.enumerate())
    with watching(inbox, lambda _path: None, recursive=False):
        assert set(threading.enumerate()) > before
    wait_until(lambda: set(threading.enumerate()) <= before)


def test_a_folder_that_is_not_there_is_reported(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), watching(tmp_path / "nowhere", print, recursive=False):
        pass
