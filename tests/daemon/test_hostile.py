"""An inbox full of traps: no link is followed, nothing hangs or is lost, and odd names are kept."""

import os
import socket
import stat
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from helpers.daemon import Daemon, furnished, reference_picture
from helpers.mounts import may_mount, mounted
from helpers.support import make_files, read_files, wait_until

from watcher.text import name_as_text

SEVEN = reference_picture(7)
IS_ROOT = os.geteuid() == 0
LINK, FOLDER = "it is a link; links are not followed", "it is a folder, and [inbox] recursive is false"
NO_FILE = "it is not a regular file"


@dataclass(frozen=True)
class Trap:
    """What is put into the inbox under a name, and what becomes of it.

    That is the folder of the outbox it is to lie in; or "left", silently; or the reason told for leaving it.
    """

    make: Callable[[Path], object]
    name: str
    becomes: str


def holding(content: bytes, mode: int = 0o644, moment: float | None = None) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        path.write_bytes(content)
        path.chmod(mode)
        if moment is not None:
            os.utime(path, (moment, moment))

    return make


def link_to(target: str) -> Callable[[Path], None]:
    return lambda path: path.symlink_to(target)


def folder_of(files: dict[str, bytes | None], mode: int = 0o755) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        make_files(path, files)
        path.chmod(mode)

    return make


def device(kind: int, major: int, minor: int) -> Callable[[Path], None]:
    return lambda path: os.mknod(path, kind | 0o666, os.makedev(major, minor))


def listening(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        before = Path.cwd()
        os.chdir(path.parent)  # a socket's address is short
        listener.bind(path.name)
        os.chdir(before)


def sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(2**40)


def linked_twice(path: Path) -> None:
    kept = path.parent.with_name("kept")
    kept.write_bytes(SEVEN)
    path.hardlink_to(kept)


def png_of(width: int, height: int) -> bytes:
    """A PNG file that claims this size and holds no pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b""))
        + chunk(b"IEND", b"")
    )


TRAPS = {
    "link to a picture elsewhere": Trap(link_to("../elsewhere/seven.png"), "link.png", LINK),
    "link to a picture beside it": Trap(link_to("\x1b[31mred\x1b[0m\x07.png"), "link to red.png", LINK),
    "link to nowhere": Trap(link_to("nowhere"), "dangling.png", LINK),
    "link to itself": Trap(link_to("loop.png"), "loop.png", LINK),
    "link to a folder": Trap(link_to("../elsewhere"), "link to a folder", LINK),
    "link to the inbox itself": Trap(link_to("."), "circle", LINK),
    "link to a device that never ends": Trap(link_to("/dev/zero"), "zero.png", LINK),
    "pipe": Trap(os.mkfifo, "pipe.png", NO_FILE),
    "socket": Trap(listening, "socket.png", NO_FILE),
    "folder named as a picture": Trap(folder_of({}), "folder.png", FOLDER),
    "folder of pictures": Trap(folder_of({"seven.png": SEVEN}), "album", FOLDER),
    "folder that nobody may enter": Trap(folder_of({"seven.png": SEVEN}, 0), "closed", FOLDER),
    "hidden": Trap(holding(SEVEN), ".seven.png", "left"),
    "nothing but a suffix": Trap(holding(SEVEN), ".png", "left"),
    "hidden reason": Trap(holding(b"because\n"), ".reason.txt", "left"),
    "unfinished": Trap(holding(SEVEN), "seven.png.tmp", "left"),
    "unfinished, in capitals": Trap(holding(SEVEN), "SEVEN.PNG.PART", "left"),
    "unfinished download": Trap(holding(SEVEN), "seven.png.crdownload", "left"),
    "hidden folder of pictures": Trap(folder_of({"seven.png": SEVEN}), ".album", "left"),
    "bytes that are not UTF-8": Trap(holding(SEVEN), "latin-\udce9\udcff.png", "7"),
    "two lines": Trap(holding(SEVEN), "two\nlines\r.png", "7"),
    "escape sequence": Trap(holding(SEVEN), "\x1b[31mred\x1b[0m\x07.png", "7"),
    "all control characters": Trap(holding(SEVEN), "".join(map(chr, range(1, 32))) + "\x7f", "7"),
    "options": Trap(holding(SEVEN), "-rf", "7"),
    "spaces at both ends": Trap(holding(SEVEN), "  a b  ", "7"),
    "right to left": Trap(holding(SEVEN), "gnp.\u202e7\u2066.png", "7"),
    "quotes, expansions and formats": Trap(holding(SEVEN), "'\"`$(exit 1);%s{0}*?~\\x41.png", "7"),
    "longest, in two bytes a letter": Trap(holding(SEVEN), "ä" * 125 + "x.png", "7"),
    "longest, without a suffix": Trap(holding(SEVEN), "n" * 255, "7"),
    "combining and invisible": Trap(holding(SEVEN), "7\ufe0f\u20e3\u200b\ufeff.png", "7"),
    "reason of another": Trap(holding(SEVEN), "empty.png.reason.txt", "7"),
    "name of a folder of the outbox": Trap(holding(SEVEN), "review", "7"),
    "name of the database": Trap(holding(SEVEN), "watcher.db", "7"),
    "two names, one outside": Trap(linked_twice, "two names.png", "7"),
    "read-only": Trap(holding(SEVEN, 0o444), "read-only.png", "7"),
    "runs as its owner": Trap(holding(SEVEN, 0o6755), "setuid.png", "7"),
    "no rights at all": Trap(holding(SEVEN, 0), "closed.png", "7" if IS_ROOT else "failed"),
    "from the future": Trap(holding(SEVEN, moment=2**33), "future.png", "7"),
    "from before all time": Trap(holding(SEVEN, moment=-(2**31)), "past.png", "7"),
    "empty": Trap(holding(b""), "empty.png", "failed"),
    "text": Trap(holding(b"#!/bin/sh\nexit 1\n"), "text.png", "failed"),
    "half a picture": Trap(holding(SEVEN[: len(SEVEN) // 2]), "half.jpg", "failed"),
    "no picture, longest name": Trap(holding(b"x"), "\udcff" * 255, "failed"),
    "a tebibyte of nothing": Trap(sparse, "sparse.png", "failed"),
    "30,000 by 30,000": Trap(holding(png_of(30_000, 30_000)), "bomb.png", "failed"),
}
if IS_ROOT:
    TRAPS |= {
        "character device": Trap(device(stat.S_IFCHR, 1, 5), "zeros.png", NO_FILE),
        "block device": Trap(device(stat.S_IFBLK, 7, 199), "disk.png", NO_FILE),
    }


def shown(folder: Path) -> dict[str, object]:
    """All that a folder holds: of files the content, or the size of large ones; of the rest the kind."""
    found: dict[str, object] = {}
    for base, folders, names in os.walk(folder):
        for path in (Path(base, name) for name in (*folders, *names)):
            status = path.lstat()
            what: object = stat.filemode(status.st_mode)[0]
            if stat.S_ISLNK(status.st_mode):
                what = os.readlink(path)  # noqa: PTH115 - as it is written
            elif stat.S_ISREG(status.st_mode):
                what = path.read_bytes() if status.st_size < 2**20 else status.st_size
            found[os.path.relpath(path, folder)] = what
    return found


@dataclass(frozen=True)
class Aftermath:
    """The inbox before and after, the outbox, the rows by name, and the reasons for files left alone."""

    before: dict[str, object]
    inbox: dict[str, object]
    outbox: dict[str, object]
    rows: dict[str, dict[str, Any]]
    told: list[tuple[str, str]]


@pytest.fixture(scope="module")
def after(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aftermath]:
    """What a daemon made of all the traps, and of a good picture that came after them."""
    place = furnished(tmp_path_factory.mktemp("hostile"), trained)
    elsewhere = place.path / "elsewhere"
    make_files(elsewhere, {"seven.png": SEVEN})
    for trap in TRAPS.values():
        trap.make(place.inbox / trap.name)
    before = shown(place.inbox)
    taken = sum(trap.becomes in {"7", "failed"} for trap in TRAPS.values())
    silent = sum(trap.becomes == "left" for trap in TRAPS.values())
    with (place.inbox / "open.png").open("wb"), Daemon(place, workers__count=1) as daemon:
        wait_until(lambda: place.filed() == taken, 60)
        make_files(place.inbox, {"after.jpg": SEVEN})
        wait_until(lambda: place.row("after.jpg"))
        wait_until(lambda: len(daemon.said("left alone")) >= len(TRAPS) - taken - silent)
        inbox = shown(place.inbox)
    told = [(event["name"], event["reason"]) for event in daemon.said("left alone")]
    rows = {row["name"]: row for row in place.rows()}
    assert shown(elsewhere) == {"seven.png": SEVEN}
    yield Aftermath(before, inbox, shown(place.outbox), rows, told)
    (place.inbox / "closed").chmod(0o755)  # or pytest could not clear up after itself


def part_of(found: Mapping[str, object], name: str) -> dict[str, object]:
    return {path: what for path, what in found.items() if path == name or path.startswith(f"{name}/")}


def test_there_are_many_traps() -> None:
    assert len(TRAPS) >= 40
    assert len({trap.name for trap in TRAPS.values()}) == len(TRAPS)


@pytest.mark.parametrize("kind", TRAPS)
def test_trap(after: Aftermath, kind: str) -> None:
    trap = TRAPS[kind]
    shown_name = name_as_text(trap.name)
    told = [reason for name, reason in after.told if name == shown_name]
    if trap.becomes in {"7", "failed"}:
        row, content = after.rows[shown_name], after.before[trap.name]
        assert row["destination"] == f"{trap.becomes}/{shown_name}"
        assert after.outbox[f"{trap.becomes}/{trap.name}"] == content
        assert part_of(after.inbox, trap.name) == {}
        assert (row["reason"] is None) == (trap.becomes == "7")
        assert told == []
    else:
        assert part_of(after.inbox, trap.name) == part_of(after.before, trap.name) != {}
        assert shown_name not in after.rows
        assert told == ([] if trap.becomes == "left" else [trap.becomes])


def test_the_traps_leave_nothing_else_behind(after: Aftermath) -> None:
    taken = {trap.name for trap in TRAPS.values() if trap.becomes in {"7", "failed"}}
    stays = {path: what for path, what in after.before.items() if path not in taken}
    kept = {path for path, what in after.inbox.items() if path.startswith(".claimed/") and what == "d"}
    assert len(kept) <= 1  # the empty folder for the next batch
    assert {path: what for path, what in after.inbox.items() if path not in kept} == stays | {
        "open.png": b"",
        ".claimed": "d",
    }
    assert len(after.rows) == len(taken) + 1
    folders = {*map(str, range(10)), "review", "failed"}
    destinations = {row["destination"] for row in after.rows.values()}
    reasons = {path for path in after.outbox if path.startswith("failed/") and path.endswith(".reason.txt")}
    assert {name_as_text(path) for path in after.outbox.keys() - folders - reasons} == destinations
    failed = [row["reason"] for row in after.rows.values() if row["status"] == "failed"]
    assert sorted(after.outbox[path] for path in reasons) == sorted(f"{why}\n".encode() for why in failed)  # type: ignore[type-var]


def test_in_its_subfolders_as_well(trained: Path, tmp_path: Path) -> None:
    place = furnished(tmp_path, trained)
    deep = "/".join(["d" * 100] * 35)
    theirs = {f"{number}/scan.png": SEVEN for number in range(40)} | {f"{deep}/deep.png": SEVEN}
    alone = {".hidden/seven.png": SEVEN, "a/.hidden/seven.png": SEVEN, "a/b.tmp": SEVEN}
    make_files(tmp_path / "elsewhere", {"seven.png": SEVEN})
    make_files(place.inbox, theirs | alone | {"empty/": None, "mounted/": None})
    links = {
        "a/up": "..",
        "a/round": ".",
        "a/elsewhere": "../../elsewhere",
        "a/seven.png": "../../elsewhere/seven.png",
    }
    for name, target in links.items():
        (place.inbox / name).symlink_to(target)
    os.mkfifo(place.inbox / "a" / "pipe.png")
    told = {(Path(name).name, LINK) for name in links} | {("pipe.png", NO_FILE)}
    with ExitStack() as stack:
        if may_mount():
            stack.enter_context(mounted(place.inbox / "mounted"))
            make_files(place.inbox, {"mounted/other disk.png": SEVEN})
            alone["mounted/other disk.png"] = SEVEN
            told.add(("other disk.png", "it cannot be claimed: Invalid cross-device link"))
        with Daemon(place, workers__executor="threads", inbox__recursive=True) as daemon:
            wait_until(lambda: place.filed() == len(theirs), 60)
            make_files(place.inbox, {"0/after.png": SEVEN})
            wait_until(lambda: place.row("after.png"))
            wait_until(lambda: len(daemon.said("left alone")) >= len(told))
        files = {name: what for name, what in shown(place.inbox).items() if what != "d"}
        assert files == alone | links | {"a/pipe.png": "p"}
    assert {(event["name"], event["reason"]) for event in daemon.said("left alone")} == told
    assert len(daemon.said("left alone")) == len(told)
    names = ["scan.png", *(f"scan-{number}.png" for number in range(1, 40)), "deep.png", "after.png"]
    assert read_files(place.outbox) == {f"7/{name}": SEVEN for name in names}
    assert read_files(tmp_path / "elsewhere") == {"seven.png": SEVEN}
