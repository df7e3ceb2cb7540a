"""The inbox: which files are found, and when a file is complete."""

import errno
import fcntl
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from helpers.support import make_files

from watcher.folders.completeness import CompletenessCheck
from watcher.folders.inbox import Arrival, Inbox, NotYet, is_hidden

HOLDS_OPEN = "import sys; f = open(sys.argv[1], 'ab'); print('open', flush=True); sys.stdin.read()"


HOLDS_LEASE = """
import fcntl, os, signal, sys
signal.signal(signal.SIGIO, lambda *_: os.write(1, b"asked to let go\\n"))
file = os.open(sys.argv[1], os.O_RDWR)
fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_WRLCK)
os.write(1, b"held\\n")  # print must not be interrupted by a print
sys.stdin.read()
"""


def flat(path: Path) -> Inbox:
    return Inbox(path, recursive=False, quiet_seconds=1)


def deep(path: Path) -> Inbox:
    return Inbox(path, recursive=True, quiet_seconds=1)


def swept(inbox: Inbox, path: Path) -> set[str]:
    return {os.path.relpath(found, path) for found in inbox.sweep()}


@contextmanager
def held_open(path: Path) -> Iterator[None]:
    """While in the context, another process has the file open for writing."""
    with subprocess.Popen(
        [sys.executable, "-S", "-c", HOLDS_OPEN, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == b"open\n"
        yield
        process.communicate()


def test_a_sweep_finds_every_visible_file(tmp_path: Path) -> None:
    make_files(
        tmp_path,
        {
            "a.png": b"",
            "no picture.txt": b"",
            "sc\udce4n": b"",
            ".hidden.png": b"",
            "b.tmp": b"",
            "c.part": b"",
            "d.png.crdownload": b"",
            "E.TMP": b"",
            "sub/e.png": b"",
            ".claimed/1/f.png": b"",
        },
    )
    assert swept(flat(tmp_path), tmp_path) == {"a.png", "no picture.txt", "sc\udce4n", "sub"}
    assert swept(deep(tmp_path), tmp_path) == {"a.png", "no picture.txt", "sc\udce4n", "sub/e.png"}


def test_a_linked_folder_is_not_entered(tmp_path: Path) -> None:
    make_files(tmp_path, {"in/": None, "elsewhere/a.png": b""})
    (tmp_path / "in" / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "in" / "circle").symlink_to(tmp_path / "in")
    inbox = deep(tmp_path / "in")
    assert {inbox.look(path) for path in inbox.sweep()} == {NotYet.LINK}


def test_a_sweep_bears_folders_that_vanish_meanwhile(tmp_path: Path) -> None:
    make_files(tmp_path, {f"{name}/x/a.png": b"" for name in "abcdef"})
    inbox = deep(tmp_path)
    sweep = inbox.sweep()
    first = next(sweep)
    for folder in tmp_path.iterdir():
        shutil.rmtree(folder)
    assert list(sweep) == []
    assert inbox.look(first) is NotYet.GONE


def test_a_subfolder_that_cannot_be_read_is_left_alone_and_the_rest_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_files(tmp_path, {"a.png": b"", "lost+found/": None, "sub/b.png": b""})
    scandir = os.scandir

    def refuse(path: str) -> object:  # root may read anything, so the refusal itself is played
        if path.endswith("lost+found"):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    inbox = deep(tmp_path)
    found = {os.path.relpath(path, tmp_path): inbox.look(path) for path in inbox.sweep()}
    assert found.keys() == {"a.png", "sub/b.png", "lost+found"}
    assert [name for name, verdict in found.items() if verdict is NotYet.CLOSED_FOLDER] == ["lost+found"]


def test_an_inbox_that_is_gone_is_reported(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        list(deep(tmp_path / "nowhere").sweep())


def test_a_complete_file_is_an_arrival(tmp_path: Path) -> None:
    make_files(tmp_path, {"sc\udce4n 1.png": b"x"})
    path = tmp_path / "sc\udce4n 1.png"
    assert flat(tmp_path).look(str(path)) == Arrival(str(path), path.name, path.stat().st_ctime)


def test_anything_but_a_regular_file_is_no_arrival(tmp_path: Path) -> None:
    make_files(tmp_path, {"folder/": None, "elsewhere/file": b""})
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "link").symlink_to("elsewhere/file")
    (tmp_path / "dangling").symlink_to("nowhere")
    with socket.socket(socket.AF_UNIX) as listener:
        cwd = Path.cwd()
        os.chdir(tmp_path)  # a socket's address is short
        listener.bind("socket")
        os.chdir(cwd)
        found = {path.name: flat(tmp_path).look(str(path)) for path in tmp_path.iterdir()}
    assert found == {
        "folder": NotYet.FOLDER,
        "elsewhere": NotYet.FOLDER,
        "fifo": NotYet.NO_FILE,
        "socket": NotYet.NO_FILE,
        "link": NotYet.LINK,
        "dangling": NotYet.LINK,
    }


@pytest.mark.parametrize("name", ["nowhere", "file/below"])
def test_a_missing_file_is_no_arrival(tmp_path: Path, name: str) -> None:
    make_files(tmp_path, {"file": b""})
    assert deep(tmp_path).look(str(tmp_path / name)) is NotYet.GONE


def test_hints_from_outside_of_what_is_watched_are_none(tmp_path: Path) -> None:
    make_files(tmp_path, {"in/sub/a.png": b"", "in/.claimed/1/a.png": b"", "out/a.png": b"", "in/.a": b""})
    root = tmp_path / "in"
    for name in ("sub/a.png", ".claimed/1/a.png", "../out/a.png", ".a"):
        assert flat(root).look(str(root / name)) is NotYet.HIDDEN
    for name in (".claimed/1/a.png", "../out/a.png", ".a"):
        assert deep(root).look(str(root / name)) is NotYet.HIDDEN
    assert isinstance(deep(root).look(str(root / "sub/a.png")), Arrival)


def test_a_tree_that_is_deeper_than_any_path_is_swept_as_far_as_paths_reach(tmp_path: Path) -> None:
    inbox = deep(tmp_path)
    descriptor = os.open(tmp_path, os.O_RDONLY)
    for name in ["d"] * 1100 + ["long" * 50] * 10:
        os.mkdir(name, dir_fd=descriptor)
        below = os.open(name, os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = below
        os.close(os.open("a.png", os.O_WRONLY | os.O_CREAT, dir_fd=descriptor))
    os.close(descriptor)
    found = [inbox.look(path) for path in inbox.sweep()]
    arrivals = [verdict for verdict in found if isinstance(verdict, Arrival)]
    assert 1100 < len(arrivals) < 1110
    assert {verdict for verdict in found if not isinstance(verdict, Arrival)} == {NotYet.OUT_OF_REACH}
    subprocess.run(["rm", "-rf", tmp_path / "d"], check=True)  # shutil gives up at such a depth


def test_a_file_that_a_file_server_holds_for_writing_is_being_written(tmp_path: Path) -> None:
    make_files(tmp_path, {"a.png": b"half"})
    path, inbox = str(tmp_path / "a.png"), flat(tmp_path)
    with subprocess.Popen(
        [sys.executable, "-S", "-c", HOLDS_LEASE, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as server:
        assert server.stdout
        assert server.stdout.readline() == b"held\n"
        assert inbox.look(path) is NotYet.BEING_WRITTEN
        assert server.stdout.readline() == b"asked to let go\n"
        server.communicate()
    assert isinstance(inbox.look(path), Arrival)


@pytest.mark.parametrize("name", [".x", ".x.png", "x.tmp", "x.png.part", "x.CrDownload", "tmp.tmp"])
def test_names_of_unfinished_files_are_hidden(name: str) -> None:
    assert is_hidden(name)


@pytest.mark.parametrize("name", ["x.png", "tmp", "part", "x.tmp.png", "x.tmpx", "x-tmp"])
def test_other_names_are_not(name: str) -> None:
    assert not is_hidden(name)


def test_a_file_that_another_process_has_open_is_being_written(tmp_path: Path) -> None:
    make_files(tmp_path, {"a.png": b"half"})
    path = str(tmp_path / "a.png")
    inbox = flat(tmp_path)
    with held_open(tmp_path / "a.png"):
        assert inbox.look(path) is NotYet.BEING_WRITTEN
        assert inbox.look(path) is NotYet.BEING_WRITTEN
    assert isinstance(inbox.look(path), Arrival)


def test_checking_does_not_disturb_a_writer(tmp_path: Path) -> None:
    make_files(tmp_path, {"a.png": b"half"})
    assert isinstance(flat(tmp_path).look(str(tmp_path / "a.png")), Arrival)
    descriptor = os.open(tmp_path / "a.png", os.O_WRONLY | os.O_NONBLOCK)  # fails while there is a lease
    os.close(descriptor)


class Clock:
    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """A clock to turn by hand, and a system that grants no lease."""

    def refuse(*_: object) -> None:
        raise OSError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(fcntl, "fcntl", refuse)
    clock = Clock()
    monkeypatch.setattr(
        "watcher.folders.inbox.CompletenessCheck",
        lambda quiet_seconds: CompletenessCheck(quiet_seconds, clock),
    )
    return clock


def test_without_a_lease_a_quiet_time_decides(tmp_path: Path, clock: Clock) -> None:
    make_files(tmp_path, {"a.png": b"half"})
    path, inbox = str(tmp_path / "a.png"), flat(tmp_path)
    assert inbox.look(path) is NotYet.BEING_WRITTEN
    clock.seconds = 0.9
    assert inbox.look(path) is NotYet.BEING_WRITTEN
    make_files(tmp_path, {"a.png": b"whole!"})
    clock.seconds = 1.8
    assert inbox.look(path) is NotYet.BEING_WRITTEN
    clock.seconds = 2.9
    assert isinstance(inbox.look(path), Arrival)


def test_the_quiet_time_begins_again_for_the_next_file_of_a_name(tmp_path: Path, clock: Clock) -> None:
    make_files(tmp_path, {"a.png": b"x"})
    path, inbox = str(tmp_path / "a.png"), flat(tmp_path)
    inbox.look(path)
    Path(path).unlink()
    assert inbox.look(path) is NotYet.GONE
    clock.seconds = 5
    make_files(tmp_path, {"a.png": b"x"})
    assert inbox.look(path) is NotYet.BEING_WRITTEN


def test_a_quiet_time_of_nothing_lets_every_file_pass(tmp_path: Path, clock: Clock) -> None:
    make_files(tmp_path, {"a.png": b"x"})
    inbox = Inbox(tmp_path, recursive=False, quiet_seconds=0)
    assert isinstance(inbox.look(str(tmp_path / "a.png")), Arrival)
    assert clock.seconds == 0


def test_neither_the_files_own_times_nor_the_clock_of_the_day_matter(tmp_path: Path, clock: Clock) -> None:
    make_files(tmp_path, {"future.png": b"x", "past.png": b"x"})
    os.utime(tmp_path / "future.png", (2**33, 2**33))
    os.utime(tmp_path / "past.png", (0, 0))
    inbox = flat(tmp_path)
    assert {inbox.look(path) for path in inbox.sweep()} == {NotYet.BEING_WRITTEN}
    clock.seconds = 1
    assert all(isinstance(inbox.look(path), Arrival) for path in inbox.sweep())


def test_a_file_that_grows_slowly_waits_until_it_has_stopped(tmp_path: Path, clock: Clock) -> None:
    path, inbox = tmp_path / "a.png", flat(tmp_path)
    for _ in range(5):
        with path.open("ab") as file:
            file.write(b"x")
        assert inbox.look(str(path)) is NotYet.BEING_WRITTEN
        clock.seconds += 0.9
    assert inbox.look(str(path)) is NotYet.BEING_WRITTEN
    clock.seconds += 0.2
    assert isinstance(inbox.look(str(path)), Arrival)


def test_a_file_written_under_another_name_of_it_waits_as_well(tmp_path: Path) -> None:
    make_files(tmp_path, {"in/a.png": b"half"})
    (tmp_path / "elsewhere").hardlink_to(tmp_path / "in" / "a.png")
    path, inbox = str(tmp_path / "in" / "a.png"), flat(tmp_path / "in")
    with held_open(tmp_path / "elsewhere"):
        assert inbox.look(path) is NotYet.BEING_WRITTEN
    assert isinstance(inbox.look(path), Arrival)


def test_a_sweep_forgets_the_waiting_files_that_are_gone(tmp_path: Path, clock: Clock) -> None:
    watch = CompletenessCheck(1, clock)
    make_files(tmp_path, {"a": b"", "b": b""})
    for name in "ab":
        watch.is_quiet(name, (tmp_path / name).stat())
    watch.keep_only(["b", "c"])
    assert ["a" in watch, "b" in watch, "c" in watch] == [False, True, False]


def test_a_file_that_waited_through_a_sweep_keeps_its_time(tmp_path: Path, clock: Clock) -> None:
    make_files(tmp_path, {"a.png": b"x"})
    inbox = flat(tmp_path)
    assert [inbox.look(path) for path in inbox.sweep()] == [NotYet.BEING_WRITTEN]
    clock.seconds = 1
    [verdict] = [inbox.look(path) for path in inbox.sweep()]
    assert isinstance(verdict, Arrival)


def test_a_file_nobody_lets_us_open_arrives_once_it_is_quiet(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_files(tmp_path, {"a.png": b"x"})

    def refuse(*_: object) -> None:  # root may open anything, so the refusal itself is played
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(os, "open", refuse)
    path, inbox = str(tmp_path / "a.png"), flat(tmp_path)
    assert inbox.look(path) is NotYet.BEING_WRITTEN
    clock.seconds = 1
    assert isinstance(inbox.look(path), Arrival)
