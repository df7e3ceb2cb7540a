"""The daemon from outside: real processes, folders, signals, and a log that other programs read."""

import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from helpers.daemon import Daemon, Workspace, furnished, reference_picture, run
from helpers.support import digit_picture, make_files, read_files, wait_until

STAMP = "%Y-%m-%dT%H:%M:%S.%fZ"
MEMORY = "/dev/shm"  # noqa: S108 - a disk of its own on Linux
SEVEN = reference_picture(7)

# Names a scanner would never give, and a person or a program at odds with us might.
NAMES = {
    "not UTF-8": "latin-\udce9\udcff.png",
    "newline": "two\nlines.png",
    "escape": "\x1b[31mred\x1b[0m\x07.png",
    "dash": "-rf",
    "leading space": "  a b  ",
    "right to left": "gnp.\u202e7.png",
    "quotes": "'\"`$(exit 1);%s{0}\\x41.png",
    "longest": "ä" * 125 + "x.png",
    "longest, no picture's": "n" * 255,
    "surrogate pair": "7️⃣.png",
}


def now() -> str:
    return datetime.now(UTC).strftime(STAMP)


def seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()


def test_in_an_empty_folder_it_makes_all_it_needs_and_files_what_comes(empty_folder: Path) -> None:
    workspace = Workspace(empty_folder)
    with Daemon(workspace) as daemon:
        made = daemon.said("made")
        assert [Path(event["folder"]) for event in made[:2]] == [workspace.inbox, workspace.outbox]
        assert Path(made[2]["database"]) == workspace.database
        assert (made[3]["references"], Path(made[3]["source"]).name) == (400, "images")
        before = now()
        (workspace.inbox / "scan.jpg").write_bytes(SEVEN)
        wait_until(lambda: workspace.row("scan.jpg"))
        after = now()
    row = workspace.rows()[0]
    assert read_files(workspace.outbox) == {"7/scan.jpg": SEVEN}
    assert read_files(workspace.inbox) == {}
    assert [path.name for path in workspace.inbox.iterdir()] == [".claimed"]
    assert list(workspace.claimed.iterdir()) == []
    assert {folder.name for folder in workspace.outbox.iterdir()} == {*"0123456789", "review", "failed"}
    assert row["name"] == "scan.jpg"
    assert row["sha256"] == sha256(SEVEN).hexdigest()
    assert (row["digit"], row["status"], row["reason"]) == (7, "filed", None)
    assert row["destination"] == "7/scan.jpg"
    assert 0.9 <= row["certainty"] <= 1
    scores = json.loads(row["scores"])
    by_score = sorted(range(10), key=scores.__getitem__, reverse=True)
    assert (len(scores), by_score[:2]) == (10, [7, row["runner_up"]])
    times = [row[column] for column in ("arrived_at", "decided_at", "filed_at")]
    assert [datetime.strptime(moment, STAMP).strftime(STAMP) for moment in times] == times  # noqa: DTZ007 - Z
    # arrived_at is told by the disk's clock, which ticks every few milliseconds.
    assert seconds(before) - 0.02 <= seconds(times[0])
    assert times == sorted(times)
    assert times[-1] <= after
    assert row["reference_version"] == 1
    picture = daemon.said("picture")[0]
    assert {key: picture[key] for key in ("name", "digit", "status", "destination")} == {
        "name": "scan.jpg",
        "digit": 7,
        "status": "filed",
        "destination": "7/scan.jpg",
    }


@pytest.fixture(scope="module")
def place_of_events(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return furnished(tmp_path_factory.mktemp("events"), trained)


@pytest.fixture(scope="module")
def told_by_events(place_of_events: Workspace) -> Iterator[Daemon]:
    """A daemon that sweeps its inbox only at the start: afterwards events must report every file."""
    (place_of_events.inbox / "tray").mkdir()
    settings = {"inbox__sweep_seconds": 3600, "inbox__recursive": True, "workers__executor": "threads"}
    with Daemon(place_of_events, **settings) as daemon:
        yield daemon


def write(content: bytes, goal: Path, _beside: Path) -> None:
    goal.write_bytes(content)


def write_slowly(content: bytes, goal: Path, _beside: Path) -> None:
    with goal.open("wb", buffering=0) as file:
        for start in range(0, len(content), 512):
            file.write(content[start : start + 512])
            time.sleep(0.03)


def write_and_append(content: bytes, goal: Path, _beside: Path) -> None:
    """Write in two parts. The file is closed in between, so until it is complete its name says that."""
    part = goal.with_name(f"{goal.name}.part")
    for start in range(0, len(content), 512):
        with part.open("ab") as file:
            file.write(content[start : start + 512])
    part.rename(goal)


def rename_from_hidden(content: bytes, goal: Path, _beside: Path) -> None:
    part = goal.with_name(f".{goal.name}.aB3x")
    part.write_bytes(content)
    part.rename(goal)


def rename_from_tmp(content: bytes, goal: Path, _beside: Path) -> None:
    part = goal.with_name(f"{goal.name}.tmp")
    part.write_bytes(content)
    part.rename(goal)


def move_in(content: bytes, goal: Path, beside: Path) -> None:
    (beside / goal.name).write_bytes(content)
    (beside / goal.name).rename(goal)


def link_in(content: bytes, goal: Path, beside: Path) -> None:
    (beside / goal.name).write_bytes(content)
    goal.hardlink_to(beside / goal.name)


@pytest.mark.parametrize(
    "arrive",
    [write, write_slowly, write_and_append, rename_from_hidden, rename_from_tmp, move_in, link_in],
    ids=lambda arrive: arrive.__name__,
)
def test_however_a_file_arrives_it_is_noticed_and_filed_whole(
    told_by_events: Daemon, arrive: Callable[[bytes, Path, Path], None]
) -> None:
    workspace, name = told_by_events.workspace, f"{arrive.__name__}.jpg"
    arrive(SEVEN, workspace.inbox / name, workspace.path)
    wait_until(lambda: workspace.row(name))
    assert (workspace.outbox / "7" / name).read_bytes() == SEVEN
    wait_until(lambda: len(told_by_events.said("picture")) == len(workspace.rows()))


def test_subfolders_are_watched_too_where_asked_for(told_by_events: Daemon) -> None:
    workspace = told_by_events.workspace
    (workspace.inbox / "tray" / "in a tray.jpg").write_bytes(SEVEN)
    wait_until(lambda: workspace.row("in a tray.jpg"))
    assert (workspace.outbox / "7" / "in a tray.jpg").read_bytes() == SEVEN


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_any_name_is_kept_byte_for_byte(told_by_events: Daemon, name: str) -> None:
    workspace = told_by_events.workspace
    (workspace.inbox / name).write_bytes(SEVEN)
    wait_until(lambda: workspace.row(name))
    assert (workspace.outbox / "7" / name).read_bytes() == SEVEN
    row = workspace.row(name)
    assert row is not None
    assert row["name"] == os.fsencode(name).decode("utf-8", "backslashreplace")
    assert row["destination"] == f"7/{row['name']}"


def test_bytes_that_are_not_utf_8_are_written_in_the_log_as_hex(told_by_events: Daemon) -> None:
    workspace = told_by_events.workspace
    (workspace.inbox / "caf\udce9.jpg").write_bytes(SEVEN)
    wait_until(lambda: [row for row in workspace.rows() if row["destination"] == r"7/caf\xe9.jpg"])


def test_one_name_many_times_is_numbered_and_nothing_is_overwritten(told_by_events: Daemon) -> None:
    workspace = told_by_events.workspace
    contents = [reference_picture(7, index) for index in range(6)]
    for count, content in enumerate(contents, start=1):
        (workspace.inbox / "again.jpg").write_bytes(content)
        wait_until(lambda count=count: sum(row["name"] == "again.jpg" for row in workspace.rows()) == count)  # type: ignore[misc]
        wait_until(lambda: not (workspace.inbox / "again.jpg").exists())
    rows = [row for row in workspace.rows() if row["name"] == "again.jpg"]
    wait_until(lambda: all(row["filed_at"] for row in workspace.rows()))
    assert [row["destination"].partition("/")[2] for row in rows if row["status"] == "filed"] == [
        "again.jpg",
        *(f"again-{number}.jpg" for number in range(1, 6)),
    ]
    assert [(workspace.outbox / row["destination"]).read_bytes() for row in rows] == contents


def test_other_files_are_left_alone_and_hold_nothing_up(told_by_events: Daemon) -> None:
    workspace = told_by_events.workspace
    make_files(
        workspace.inbox,
        {
            ".hidden.png": SEVEN,
            "a.tmp": SEVEN,
            "b.PART": SEVEN,
            "c.png.crdownload": SEVEN,
            ".folder/inside.png": SEVEN,
        },
    )
    (workspace.inbox / "link.png").symlink_to(workspace.path / "anywhere")
    (workspace.inbox / "link-to-me.png").symlink_to(Path(".folder", "inside.png"))
    os.mkfifo(workspace.inbox / "fifo.png")
    (workspace.inbox / "after.jpg").write_bytes(SEVEN)
    wait_until(lambda: workspace.row("after.jpg"))
    assert workspace.waiting() == {
        ".hidden.png",
        "a.tmp",
        "b.PART",
        "c.png.crdownload",
        ".folder/inside.png",
        "link.png",
        "link-to-me.png",
        "fifo.png",
    }
    told = {event["name"] for event in told_by_events.said("left alone")}
    assert told == {"link.png", "link-to-me.png", "fifo.png"}


def test_by_polling_it_finds_old_new_and_nested_files_and_takes_new_references(
    small_workspace: Workspace,
) -> None:
    workspace = small_workspace
    make_files(workspace.inbox, {"before.jpg": SEVEN, "deep/er/before.jpg": SEVEN, ".dot/ignored.jpg": SEVEN})
    settings = {"inbox__polling": True, "inbox__recursive": True, "inbox__sweep_seconds": 0.05}
    with Daemon(workspace, workers__executor="threads", **settings) as daemon:
        wait_until(lambda: workspace.filed() == 2)
        make_files(workspace.inbox, {"deep/other/after.jpg": SEVEN})
        wait_until(lambda: workspace.row("after.jpg"))
        make_files(workspace.path / "mine", {"3_0.png": digit_picture(3), "5_0.png": digit_picture(5)})
        run(workspace.path, "train", "mine")
        wait_until(lambda: daemon.said("references changed"))
        (workspace.inbox / "learned.png").write_bytes(digit_picture(3))
        wait_until(lambda: workspace.row("learned.png"))
    assert [row["reference_version"] for row in workspace.rows()] == [1, 1, 1, 2]
    assert workspace.rows()[-1]["destination"] == "3/learned.png"
    assert read_files(workspace.inbox) == {".dot/ignored.jpg": SEVEN}
    assert {row["destination"] for row in workspace.rows()[:2]} == {"7/before.jpg", "7/before-1.jpg"}


def test_two_daemons_never_share_an_inbox(told_by_events: Daemon) -> None:
    refused = run(told_by_events.workspace.path, "run", code=1)
    inbox = told_by_events.workspace.inbox
    assert refused.stderr == f"watcher: another watcher already watches {inbox}\n"
    assert told_by_events.process.poll() is None


@pytest.mark.parametrize(
    ("apart", "refusal"),
    [
        ({"outbox__path": "out", "database__url": "sqlite:///my.db"}, "already watches {0}/inbox"),
        ({"inbox__path": "in", "database__url": "sqlite:///my.db"}, "already files into {0}/outbox"),
        ({"inbox__path": "in", "outbox__path": "out"}, "already keeps its log in {0}/watcher.db"),
    ],
)
def test_two_daemons_share_neither_inbox_nor_outbox_nor_log(
    told_by_events: Daemon, apart: dict[str, Any], refusal: str
) -> None:
    workspace = told_by_events.workspace.path
    refused = run(workspace, "run", code=1, **apart)
    assert refused.stderr == f"watcher: another watcher {refusal.format(workspace)}\n"


@pytest.mark.skipif(not os.access(MEMORY, os.W_OK), reason="there is no second disk here")
def test_an_outbox_on_another_disk_is_refused_before_anything_is_claimed(
    workspace: Workspace,
) -> None:
    (workspace.inbox / "scan.jpg").write_bytes(SEVEN)
    with tempfile.TemporaryDirectory(dir=MEMORY) as other:
        if Path(other).stat().st_dev == workspace.inbox.stat().st_dev:
            pytest.skip("there is no second disk here")
        refused = run(workspace.path, "run", code=1, outbox__path=other)
    assert refused.stderr.startswith(
        f"watcher: the inbox ({workspace.inbox}) and the outbox ({other}) are on"
    )
    assert refused.stderr.count("\n") == 1
    assert read_files(workspace.inbox) == {"scan.jpg": SEVEN}
