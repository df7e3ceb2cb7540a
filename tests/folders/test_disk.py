"""Flushing the disk, links between folders, and moving without replacing."""

import ctypes
import errno
import os
from contextlib import closing
from pathlib import Path
from threading import Semaphore

import pytest
from helpers.support import make_files, read_files

from watcher.folders.disk import DiskError, Flusher, require_one_disk

OTHER_DISK = Path("/dev/shm")  # noqa: S108 - a file system of its own on most Linux systems


class Library:
    """The C library, which notes the folder that each call of `syncfs` is given."""

    def __init__(self) -> None:
        self.flushed: list[Path] = []
        self._real = ctypes.CDLL(None, use_errno=True).syncfs

    def syncfs(self, descriptor: int) -> int:
        self.flushed.append(Path(f"/proc/self/fd/{descriptor}").readlink())
        code: int = self._real(descriptor)
        return code


def test_each_flush_has_the_system_write_the_folder_s_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = Library()
    monkeypatch.setattr("ctypes.CDLL", lambda *_, **__: library)
    with closing(Flusher(tmp_path)) as flusher:
        assert library.flushed == []
        for flushes in (1, 2):
            flusher.flush()
            assert library.flushed == [tmp_path] * flushes


def test_what_is_written_before_a_flush_begins_is_flushed_when_it_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(Flusher(tmp_path)) as flusher:
        began, go_on = Semaphore(0), Semaphore(0)
        written: list[str] = []
        flushed: list[list[str]] = []

        def flush() -> None:
            began.release()
            assert go_on.acquire(timeout=10)
            flushed.append(list(written))

        monkeypatch.setattr(flusher, "flush", flush)
        written.append("one")
        first = flusher.begin()
        assert began.acquire(timeout=10)
        written.append("two")
        second = flusher.begin()
        written.append("three")
        assert flusher.begin() is second  # which has yet to begin
        go_on.release(2)
        first.result(10)
        second.result(10)
    assert len(flushed) == 2
    assert set(flushed[0]) >= {"one"}
    assert set(flushed[1]) >= {"one", "two", "three"}


def test_a_flush_that_fails_is_reported(tmp_path: Path) -> None:
    flusher = Flusher(tmp_path)
    flusher.close()
    with pytest.raises(OSError, match="Bad file descriptor") as raised:
        flusher.flush()
    assert raised.value.errno == errno.EBADF


def test_where_one_disk_cannot_be_flushed_alone_all_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed = []
    monkeypatch.setattr("ctypes.CDLL", lambda *_, **__: object())
    monkeypatch.setattr(os, "sync", lambda: flushed.append("all"))
    with closing(Flusher(tmp_path)) as flusher:
        flusher.flush()
    assert flushed == ["all"]


def test_folders_of_one_disk_serve_and_nothing_is_left_in_them(tmp_path: Path) -> None:
    make_files(tmp_path, {"in/.claimed/": None, "out/": None})
    require_one_disk(tmp_path / "in" / ".claimed", tmp_path / "out")
    assert read_files(tmp_path) == {}


def test_what_a_killed_trial_left_is_removed(tmp_path: Path) -> None:
    left = {"in/.claimed/.probe-a1": b"", "out/.probe-a1": b""}
    make_files(tmp_path, {**left, "in/.claimed/18/7.png": b"claimed", "out/7/7.png": b"filed"})
    require_one_disk(tmp_path / "in" / ".claimed", tmp_path / "out")
    assert read_files(tmp_path) == {"in/.claimed/18/7.png": b"claimed", "out/7/7.png": b"filed"}


def test_folders_of_two_disks_are_refused_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_files(tmp_path, {"in/.claimed/": None, "out/": None})

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))

    monkeypatch.setattr(os, "link", refuse)
    with pytest.raises(DiskError) as raised:
        require_one_disk(tmp_path / "in" / ".claimed", tmp_path / "out")
    assert str(raised.value) == (
        f"the inbox ({tmp_path}/in) and the outbox ({tmp_path}/out) are on different disks or mounts; "
        "put both into one folder on one disk"
    )
    assert read_files(tmp_path) == {}


def test_two_real_disks_are_refused(tmp_path: Path) -> None:
    if not OTHER_DISK.is_dir() or OTHER_DISK.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no second disk to try")
    with pytest.raises(DiskError, match="different disks"):
        require_one_disk(tmp_path, OTHER_DISK)
    assert not list(OTHER_DISK.glob(".probe-*"))


def test_other_errors_are_not_hidden(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        require_one_disk(tmp_path, tmp_path / "nowhere")
    assert read_files(tmp_path) == {}
