"""Lines for a reader that is slow or gone, over real pipes, sockets, terminals and files."""

import fcntl
import os
import pty
import re
import socket
import termios
import threading
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from watcher.monitoring.line_writer import BUFFER_BYTES, LineWriter
from watcher.monitoring.outlets import outlet

Ends = tuple[int, int]


def pipe() -> Ends:
    return os.pipe()


def sockets() -> Ends:
    reading, writing = socket.socketpair()
    return reading.detach(), writing.detach()


def terminal() -> Ends:
    reading, writing = pty.openpty()
    tty.setraw(writing, termios.TCSANOW)
    return reading, writing


KINDS: dict[str, Callable[[], Ends]] = {"pipe": pipe, "socket": sockets, "terminal": terminal}


@pytest.fixture(params=[*KINDS, "another user's pipe", "another user's terminal"])
def ends(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ends]:
    """Where a reader reads, and where lines are written; the latter may be forbidden to be opened again."""
    if request.param not in KINDS:

        def refuse(*_: object) -> int:
            raise PermissionError

        monkeypatch.setattr("watcher.monitoring.outlets.os.open", refuse)
    reading, writing = KINDS[request.param.split()[-1]]()
    os.set_blocking(reading, False)
    yield reading, writing
    for descriptor in (reading, writing):
        with suppress(OSError):
            os.close(descriptor)


def writer(descriptor: int) -> LineWriter:
    with os.fdopen(descriptor, "w", closefd=False) as stream:
        return LineWriter(outlet(stream), lambda lines: f"{lines} dropped\n")


def line(number: int) -> str:
    """A line of its own; some are longer than what a pipe takes at once."""
    return f"{number}:{'x' * (number * 997 % 6000)}\n"


def read_all(reading: int) -> str:
    parts = []
    with suppress(BlockingIOError):
        while part := os.read(reading, 65536):
            parts.append(part)
    return b"".join(parts).decode()


def read_to_the_end(lines: LineWriter, reading: int) -> str:
    """Read until nothing is left to be written."""
    text = ""
    while part := read_all(reading):
        text += part
        lines.go_on()
    return text


def test_lines_come_whole_and_in_order_and_where_some_are_missing_their_number_is_said(ends: Ends) -> None:
    reading, writing = ends
    with closing(writer(writing)) as lines:
        written, text = 0, ""
        for _ in range(3):
            before = lines.dropped
            while lines.dropped < before + 10:
                lines.write(line(written))
                written += 1
            text += read_to_the_end(lines, reading)
        assert lines.dropped == 30
        lines.write("end\n")
        text += read_to_the_end(lines, reading)
    expected = 0
    *came, end, rest = text.split("\n")
    assert (end, rest) == ("end", "")
    for one in came:
        if missing := re.fullmatch(r"(\d+) dropped", one):
            expected += int(missing[1])
        else:
            assert f"{one}\n" == line(expected)
            expected += 1
    assert expected == written
    assert sum(one.endswith("dropped") for one in came) == 3


def test_a_reader_that_does_not_read_is_not_waited_for(ends: Ends) -> None:
    _, writing = ends
    start = time.monotonic()
    with closing(writer(writing)) as lines:
        for number in range(500):
            lines.write(line(number))
        assert time.monotonic() - start < 2
        kept = 500 - lines.dropped
        assert kept > BUFFER_BYTES / 6010
        start = time.monotonic()
        lines.finish(0.2)
        assert 0.15 < time.monotonic() - start < 1
    assert lines.dropped > 500 - kept


def test_the_last_lines_are_waited_for_as_long_as_their_reader_reads(ends: Ends) -> None:
    reading, writing = ends
    with closing(writer(writing)) as lines:
        while lines.dropped == 0:
            lines.write("x" * 99 + "\n")
        is_done = threading.Event()

        def read() -> None:
            while not is_done.wait(0.001):
                read_all(reading)

        reader = threading.Thread(target=read)
        reader.start()
        try:
            lines.finish(5)
        finally:
            is_done.set()
            reader.join()
        assert lines.dropped == 1


def test_a_reader_that_is_gone_ends_nothing_and_every_line_is_counted(ends: Ends) -> None:
    reading, writing = ends
    with closing(writer(writing)) as lines:
        lines.write("first\n")
        os.close(reading)
        for number in range(100):
            lines.write(line(number))
        assert lines.dropped == 100
        start = time.monotonic()
        lines.finish(5)
        assert time.monotonic() - start < 1
    lines.write("after the end\n")
    assert lines.dropped == 101


def test_the_stream_stays_as_it_is_for_others(ends: Ends) -> None:
    _, writing = ends
    before = fcntl.fcntl(writing, fcntl.F_GETFL)
    with closing(writer(writing)) as lines:
        lines.write("line\n")
        assert fcntl.fcntl(writing, fcntl.F_GETFL) == before
    os.fstat(writing)


def test_of_frames_that_must_wait_only_the_newest_is_drawn_and_none_is_counted(ends: Ends) -> None:
    reading, writing = ends
    with closing(writer(writing)) as lines:
        while lines.dropped == 0:
            lines.write("x" * 99 + "\n")
        for number in range(1000):
            lines.draw(f"<frame {number}>")
        text = read_to_the_end(lines, reading)
    assert re.findall("<frame .*?>", text) == ["<frame 999>"]
    assert text.endswith("1 dropped\n<frame 999>")
    assert lines.dropped == 1


def test_a_named_pipe_with_a_new_reader_is_written_to_again(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    first = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    with closing(writer(os.open(fifo, os.O_WRONLY))) as lines:
        os.close(first)
        lines.write("lost\n")
        lines.write("lost\n")
        with os.fdopen(os.open(fifo, os.O_RDONLY | os.O_NONBLOCK), "rb", 0) as second:
            lines.write("seen\n")
            assert second.read(100) == b"2 dropped\nseen\n"


def test_a_file_is_shared_with_others_who_write_it(tmp_path: Path) -> None:
    file = tmp_path / "log"
    with file.open("wb", 0) as stream, closing(writer(stream.fileno())) as lines:
        for number in range(3):
            stream.write(b"other\n")
            lines.write(f"{number}\n")
    assert file.read_text() == "other\n0\nother\n1\nother\n2\n"


def test_what_a_full_disk_does_not_take_is_counted() -> None:
    with Path("/dev/full").open("wb") as stream, closing(writer(stream.fileno())) as lines:
        lines.write("line\n")
        lines.write("line\n")
        assert lines.dropped == 2


def test_a_stream_that_cannot_show_a_character_gets_an_escape_for_it(tmp_path: Path) -> None:
    with (tmp_path / "log").open("w", encoding="latin-1") as stream:
        lines = LineWriter(outlet(stream, "latin-1"), lambda _: None, "latin-1")
        lines.write("ä 漢 \udcff\n")
        lines.close()
    assert (tmp_path / "log").read_bytes() == b"\xe4 \\u6f22 \\udcff\n"


def test_datagrams_are_lines(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as reader:
        reader.bind(str(tmp_path / "socket"))
        sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        sender.connect(str(tmp_path / "socket"))
        with closing(writer(sender.detach())) as lines:
            lines.write("one\n")
            lines.write("two\n")
        assert [reader.recv(100) for _ in range(2)] == [b"one\n", b"two\n"]
