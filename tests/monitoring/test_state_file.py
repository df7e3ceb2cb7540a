"""The state file: read whole or not at all, and written on a full disk too."""

import subprocess
import zlib
from contextlib import suppress
from pathlib import Path

import pytest
from helpers.mounts import may_mount
from hypothesis import given
from hypothesis import strategies as st

from watcher.monitoring.faults import Fault
from watcher.monitoring.state_file import SIZE, Phase, State, StateFile

STATE = State(4711, Phase.READY, 1e9, 1e9 + 5)
TROUBLED = State(4711, Phase.READY, 1e9, 1e9 + 9, 1, Fault("stalled", "Kein Speicher für «7».png", 1e9 + 8))


def test_the_last_state_is_read(tmp_path: Path) -> None:
    file = StateFile(tmp_path / "watcher.db")
    assert file.read() is None
    for state in (TROUBLED, STATE):
        file.write(state)
        assert file.read() == state
    assert file.path == tmp_path / "watcher.db.state"
    assert file.path.stat().st_size == SIZE


def test_a_state_of_an_older_program_is_read(tmp_path: Path) -> None:
    file = StateFile(tmp_path / "watcher.db")
    text = b'{"pid":4711,"phase":"ready","started":1000000000.0,"seen":1000000005.0}'
    file.path.write_bytes(b"%08x %s\n" % (zlib.crc32(text), text))
    assert file.read() == STATE


@given(st.integers(0, SIZE))
def test_a_half_written_state_is_not_read(tmp_path_factory: pytest.TempPathFactory, length: int) -> None:
    file = StateFile(tmp_path_factory.getbasetemp() / "part.db")
    file.write(TROUBLED)
    troubled = file.path.read_bytes()
    file.write(STATE)
    file.path.write_bytes(troubled[:length] + file.path.read_bytes()[length:])
    assert file.read() in {None, STATE, TROUBLED}


@pytest.mark.parametrize("content", [b"", b"\0" * SIZE, b"0 {}", b"{}", b"\xff" * SIZE])
def test_other_content_is_no_state(tmp_path: Path, content: bytes) -> None:
    file = StateFile(tmp_path / "watcher.db")
    file.path.write_bytes(content)
    assert file.read() is None


@pytest.mark.skipif(not may_mount(), reason="no disk can be mounted here")
def test_it_is_written_on_a_full_disk(tmp_path: Path) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", tmp_path], check=True)
    try:
        file = StateFile(tmp_path / "watcher.db")
        file.write(STATE)
        with (tmp_path / "big").open("wb", 0) as big, suppress(OSError):
            while True:
                big.write(bytes(4096))
        with pytest.raises(OSError, match="No space left"):
            (tmp_path / "more").write_bytes(bytes(4096))
        file.write(TROUBLED)
        assert file.read() == TROUBLED
    finally:
        subprocess.run(["umount", "--lazy", tmp_path], check=True)
