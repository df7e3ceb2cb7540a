"""One process alone holds a lock; it is released when its holder lets go or dies."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from watcher.errors import WatcherError
from watcher.folders.locks import held_alone, holder, is_held, locked, try_lock, unlock

HOLDER = """
import sys, time
from pathlib import Path
from watcher.folders.locks import locked
with locked(Path(sys.argv[1])) as is_ours:
    print(is_ours, flush=True)
    time.sleep(1e6)
"""


def test_one_holder_at_a_time(tmp_path: Path) -> None:
    with locked(tmp_path) as first, locked(tmp_path) as second:
        assert (first, second) == (True, False)
        assert is_held(tmp_path)
        assert holder(tmp_path) == os.getpid()
    assert not is_held(tmp_path)
    assert holder(tmp_path) is None


def test_who_must_be_alone_is_refused_with_the_given_words(tmp_path: Path) -> None:
    with (
        held_alone(tmp_path, "unused"),
        pytest.raises(WatcherError, match="another files there"),
        held_alone(tmp_path, "another files there"),
    ):
        pytest.fail("two hold it")


def test_what_is_unlocked_can_be_locked_by_another_while_it_is_open(tmp_path: Path) -> None:
    file = tmp_path / "lock"
    file.touch()
    first, second = os.open(file, os.O_RDWR), os.open(file, os.O_RDWR)
    try:
        assert try_lock(first)
        assert not try_lock(second)
        unlock(first)
        assert try_lock(second)
    finally:
        os.close(first)
        os.close(second)


def test_to_ask_takes_nothing(tmp_path: Path) -> None:
    assert [is_held(tmp_path) for _ in range(3)] == [False] * 3
    with locked(tmp_path) as is_ours:
        assert is_ours


def test_a_lock_dies_with_its_holder(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "True\n"
        assert holder(tmp_path) == process.pid
        process.send_signal(signal.SIGKILL)
        process.wait(10)
    assert not is_held(tmp_path)


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        is_held(tmp_path / "nowhere")
