"""Claimed files: read safely and completely, and checked again before they are recorded."""

import errno
import os
import socket
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from helpers.support import make_files

from watcher.errors import Unreadable
from watcher.folders.contents import LARGEST_FILE, examine, read_file, state_of


def test_a_file_is_read_to_its_end(tmp_path: Path) -> None:
    make_files(tmp_path, {"a": b"\0\n" * 1000, "empty": b""})
    assert read_file(str(tmp_path / "a")) == b"\0\n" * 1000
    assert read_file(str(tmp_path / "empty")) == b""


@pytest.mark.skipif(sys.platform != "linux", reason="there is no /proc")
def test_a_file_that_is_longer_than_the_system_says_is_read_to_its_end_too() -> None:
    assert Path("/proc/self/maps").stat().st_size == 0
    assert len(read_file("/proc/self/maps").splitlines()) > 10


def test_a_file_is_sound_as_long_as_it_is_what_was_read_and_nobody_writes_it(tmp_path: Path) -> None:
    path, digest = tmp_path / "a.png", sha256(b"seven").hexdigest()
    assert examine(str(path), digest, from_disk=False) is None
    path.write_bytes(b"seven")
    assert state_of(str(path)) is not None
    for from_disk in (False, True):
        assert examine(str(path), digest, from_disk=from_disk) == state_of(str(path))
    with path.open("r+b"):
        assert examine(str(path), digest, from_disk=False) is None
    path.write_bytes(b"eleven")
    assert examine(str(path), digest, from_disk=False) is None


def test_what_could_not_be_read_is_sound_as_long_as_it_cannot_be(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.symlink_to(__file__)
    assert examine(str(path), None, from_disk=False) == state_of(str(path))
    assert examine(str(path), sha256(Path(__file__).read_bytes()).hexdigest(), from_disk=False) is None
    path.unlink()
    path.write_bytes(b"seven")
    assert examine(str(path), None, from_disk=False) is None


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    for name, size in (("largest", LARGEST_FILE), ("larger", LARGEST_FILE + 1), ("sparse", 2**40)):
        (tmp_path / name).touch()
        os.truncate(tmp_path / name, size)
    assert len(read_file(str(tmp_path / "largest"))) == LARGEST_FILE
    for name in ("larger", "sparse"):
        with pytest.raises(Unreadable, match=r"; files of more than 33,554,432 bytes are not read$"):
            read_file(str(tmp_path / name))


def make_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.path.relpath(path))


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(os.mkfifo, id="fifo"),
        pytest.param(os.mkdir, id="folder"),
        pytest.param(make_socket, id="socket"),
        pytest.param(lambda path: path.symlink_to(__file__), id="link"),
        pytest.param(lambda path: path.symlink_to("nowhere"), id="dangling link"),
    ],
)
def test_all_but_regular_files_are_unreadable(empty_folder: Path, make: Callable[[Path], object]) -> None:
    make(empty_folder / "odd")
    with pytest.raises(Unreadable) as raised:
        read_file(str(empty_folder / "odd"))
    assert str(raised.value) == "it is not a regular file"


def test_a_disk_that_does_not_answer_may_do_so_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_files(tmp_path, {"a.png": b"a"})

    def broken(*_: object, **__: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "read", broken)
    with pytest.raises(OSError, match="Input/output error"):
        read_file(str(tmp_path / "a.png"))


def test_a_file_that_may_not_be_read_is_unreadable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_files(tmp_path, {"a": b"secret"})
    (tmp_path / "a").chmod(0)

    def refuse(*_: object) -> None:  # root may read anything, so the refusal itself is played
        raise PermissionError

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(Unreadable) as raised:
        read_file(str(tmp_path / "a"))
    assert str(raised.value) == "there is no permission to read it"
