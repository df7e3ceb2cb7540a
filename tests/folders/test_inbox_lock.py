"""The lock on an inbox: one process has it, whatever becomes of the folder."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from helpers.support import make_files, read_files

from watcher.errors import WatcherError
from watcher.folders.claims import Claims
from watcher.folders.disk import DiskError
from watcher.folders.inbox_lock import InboxLock

OTHER_DISK = Path("/dev/shm")  # noqa: S108 - a file system of its own on most Linux systems


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    make_files(tmp_path, {"inbox/": None, "outbox/": None})
    return tmp_path / "inbox"


@pytest.fixture
def lock(inbox: Path) -> Iterator[InboxLock]:
    with closing(hold_of(inbox)) as lock:
        lock.take()
        yield lock


def hold_of(inbox: Path) -> InboxLock:
    return InboxLock(inbox, inbox.with_name("outbox"), Claims(inbox))


@contextmanager
def held_by_another(inbox: Path) -> Iterator[None]:
    make_files(inbox, {".claimed/": None})
    descriptor = os.open(inbox / ".claimed", os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(descriptor)


def is_refused(inbox: Path) -> bool:
    with closing(hold_of(inbox)) as second:
        try:
            second.take()
        except WatcherError as error:
            assert str(error) == f"another watcher already watches {inbox}"  # noqa: PT017 - or it is not raised
            return True
        return False


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - counts itself each time


def test_only_one_holds_it_until_it_is_closed(inbox: Path, lock: InboxLock) -> None:
    assert is_refused(inbox)
    lock.close()
    assert not is_refused(inbox)


def test_while_nothing_happens_there_is_no_fault(inbox: Path, lock: InboxLock) -> None:
    make_files(inbox, {"a.png": b"x", ".claimed/1/b.png": b"x"})
    assert lock.fault() is None
    assert lock.current_path() == str(inbox)


def test_a_folder_that_is_gone_is_reported_with_its_new_path(inbox: Path, lock: InboxLock) -> None:
    inbox.rename(inbox.with_name("elsewhere"))
    assert lock.fault() == f"{inbox}: No such file or directory"
    assert lock.current_path() == str(inbox.with_name("elsewhere"))
    with pytest.raises(FileNotFoundError):
        lock.take()
    assert is_refused(inbox.with_name("elsewhere")), "its claims are still ours"
    inbox.with_name("elsewhere").rename(inbox)
    assert lock.fault() is None
    shutil.rmtree(inbox)
    assert lock.current_path() is None


def test_a_folder_made_again_is_another_even_with_the_same_inode(inbox: Path, lock: InboxLock) -> None:
    for _ in range(20):
        shutil.rmtree(inbox)
        inbox.mkdir()
        assert lock.fault() == "another folder lies in its place"
        lock.take()
        assert lock.fault() is None
        assert is_refused(inbox)


def test_claims_in_the_old_folder_are_moved_to_the_new_one(inbox: Path, lock: InboxLock) -> None:
    make_files(inbox, {".claimed/1/a.png": b"a", ".claimed/2/a.png": b"b", "waits.png": b"c"})
    inbox.rename(inbox.with_name("old"))
    make_files(inbox, {"new.png": b"d"})
    lock.take()
    assert read_files(inbox) == {".claimed/1/a.png": b"a", ".claimed/2/a.png": b"b", "new.png": b"d"}
    assert read_files(inbox.with_name("old")) == {"waits.png": b"c"}
    assert not is_refused(inbox.with_name("old"))


def test_claims_that_are_in_the_way_are_left_as_they_are(inbox: Path, lock: InboxLock) -> None:
    make_files(inbox, {".claimed/1/a.png": b"old", ".claimed/2/b.png": b"old"})
    inbox.rename(inbox.with_name("old"))
    make_files(inbox, {".claimed/1/a.png": b"new"})
    lock.take()
    assert read_files(inbox) == {".claimed/1/a.png": b"new", ".claimed/2/b.png": b"old"}
    assert read_files(inbox.with_name("old")) == {".claimed/1/a.png": b"old"}


def test_claims_that_moved_into_another_inbox_are_still_ours(inbox: Path, lock: InboxLock) -> None:
    inbox.rename(inbox.with_name("old"))
    inbox.mkdir()
    inbox.with_name("old").joinpath(".claimed").rename(inbox / ".claimed")
    lock.take()
    assert lock.fault() is None
    assert is_refused(inbox)


def test_a_folder_that_another_process_holds_is_not_taken(inbox: Path, lock: InboxLock) -> None:
    inbox.rename(inbox.with_name("old"))
    with held_by_another(inbox):
        make_files(inbox.with_name("old"), {".claimed/1/a.png": b"a"})
        assert is_refused(inbox)
        with pytest.raises(WatcherError, match="another watcher already watches"):
            lock.take()
        assert read_files(inbox) == {}
        assert lock.fault() == "another folder lies in its place"
    lock.take()
    assert read_files(inbox) == {".claimed/1/a.png": b"a"}


def test_a_folder_on_another_disk_is_refused_and_nothing_is_left_in_it(inbox: Path, lock: InboxLock) -> None:
    if not os.access(OTHER_DISK, os.W_OK) or OTHER_DISK.stat().st_dev == inbox.stat().st_dev:
        pytest.skip("there is no second disk to try")
    inbox.rename(inbox.with_name("old"))
    other = OTHER_DISK / f"inbox of {os.getpid()}"
    make_files(other, {"theirs.png": b"x"})
    try:
        inbox.symlink_to(other)
        with pytest.raises(DiskError):
            lock.take()
        assert [path.name for path in other.iterdir()] == ["theirs.png"]
    finally:
        shutil.rmtree(other)


def test_claims_that_are_a_link_are_refused(inbox: Path) -> None:
    make_files(inbox.parent, {"trap/": None})
    (inbox / ".claimed").symlink_to(inbox.with_name("trap"))
    with pytest.raises(NotADirectoryError), closing(hold_of(inbox)) as lock:
        lock.take()


def test_no_descriptor_is_left_open(inbox: Path, lock: InboxLock) -> None:
    before = descriptors()
    for _ in range(3):
        inbox.rename(inbox.with_name("old"))
        with pytest.raises(FileNotFoundError):
            lock.take()
        with held_by_another(inbox), pytest.raises(WatcherError):
            lock.take()
        lock.take()
        shutil.rmtree(inbox.with_name("old"))
    assert descriptors() == before
