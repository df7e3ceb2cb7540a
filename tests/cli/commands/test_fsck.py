"""`watcher fsck`: its lines, its JSON, its exit codes, and that it does not disturb a daemon."""

import json
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from helpers.daemon import Daemon, Workspace, reference_picture
from helpers.support import make_files, read_files

from watcher.folders.claims import Claims
from watcher.folders.inbox_lock import InboxLock


@pytest.fixture
def used(watcher: Callable[..., Any], workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A workspace where three files were filed: rows 1 to 3, in any order."""
    monkeypatch.setenv("WATCHER_WORKERS__EXECUTOR", "threads")
    make_files(
        workspace.inbox, {"a.jpg": reference_picture(7), "b.jpg": reference_picture(3), "c.txt": b"hello"}
    )
    watcher("run", "--once")
    return workspace


def row_of(workspace: Workspace, name: str) -> int:
    row = workspace.row(name)
    assert row
    return int(row["id"])


def test_without_discrepancies_it_says_so(watcher: Callable[..., Any], used: Workspace) -> None:
    assert watcher("fsck").out == "3 rows, 4 files: 0 faults\n"
    assert watcher("fsck", "--deep").out == "3 rows, 4 files: 0 faults\n"
    assert watcher("fsck", "--repair").out == "3 rows, 4 files: 0 faults, 0 repaired, 0 left\n"
    assert json.loads(watcher("fsck", "--json").out) == {
        "rows": 3,
        "files": 4,
        "faults": 0,
        "mended": 0,
        "notes": 0,
        "gone": 0,
        "pruned": 0,
        "left": 0,
    }
    used.audit([("a.jpg", reference_picture(7)), ("b.jpg", reference_picture(3)), ("c.txt", b"hello")])


def test_what_people_did_is_noted_and_no_fault(watcher: Callable[..., Any], used: Workspace) -> None:
    (used.outbox / "7/a.jpg").rename(used.outbox / "1/a.jpg")
    (used.outbox / "3/b.jpg").unlink()
    assert watcher("fsck").out.splitlines() == [
        f"note  moved        1/a.jpg  row {row_of(used, 'a.jpg')}: filed as 7/a.jpg, moved here by a person",
        "note  gone         1 filed picture: taken out of the outbox",
        "3 rows, 3 files: 0 faults",
    ]


def test_faults_are_reported_with_what_to_do_repaired_if_asked_and_end_with_1_as_long_as_one_is_left(
    watcher: Callable[..., Any], used: Workspace
) -> None:
    make_files(used.outbox, {"5/st\x1branger.png": b"", "3/b.jpg": b"other"})
    (used.outbox / "failed/c.txt.reason.txt").unlink()
    b, c = row_of(used, "b.jpg"), row_of(used, "c.txt")
    lines = watcher("fsck", code=1).out.splitlines()
    assert {line for line in lines if line.startswith("fault")} == {
        f"fault altered      3/b.jpg  row {b}: its content is not what was filed",
        f"fault unexplained  failed/c.txt  row {c}: the file with its reason is missing",
        "fault unrecorded   5/st\\x1branger.png  no row names it",
    }
    assert sum("→" in line for line in lines) == 3
    assert lines[-1] == "3 rows, 4 files: 3 faults"

    assert watcher("fsck", "--repair", code=1).out.endswith(": 3 faults, 2 repaired, 1 left\n")
    assert read_files(used.inbox) == {"st\x1branger.png": b""}
    assert (used.outbox / "failed/c.txt.reason.txt").exists()
    (used.outbox / "3/b.jpg").write_bytes(reference_picture(3))
    assert watcher("fsck").out == "3 rows, 4 files: 0 faults\n"


def test_as_json_each_discrepancy_is_a_line_and_the_last_one_sums_up(
    watcher: Callable[..., Any], used: Workspace
) -> None:
    make_files(used.outbox, {"5/caf\udce9.png": b"x"})
    (used.outbox / "7/a.jpg").unlink()
    *found, summed_up = map(json.loads, watcher("fsck", "--json", "--repair").out.splitlines())
    unrecorded = {"kind": "unrecorded", "fault": True, "place": "5/caf\\xe9.png", "row": None}
    gone = {"kind": "gone", "fault": False, "place": "7/a.jpg", "row": row_of(used, "a.jpg")}
    assert found == [
        {**unrecorded, "detail": "no row names it", "mended": "put into the inbox"},
        {**gone, "detail": "taken out of the outbox", "mended": None},
    ]
    assert summed_up == {
        "rows": 3,
        "files": 4,
        "faults": 1,
        "mended": 1,
        "notes": 1,
        "gone": 1,
        "pruned": 0,
        "left": 0,
    }


def test_it_repairs_nothing_while_a_daemon_runs(watcher: Callable[..., Any], used: Workspace) -> None:
    make_files(used.outbox, {"5/stranger.png": b""})
    with closing(InboxLock(used.inbox, used.outbox, Claims(used.inbox))) as hold:
        hold.take()
        assert "stop it before --repair" in watcher("fsck", "--repair", code=1).err
        assert watcher("fsck", code=1).out.endswith("3 rows, 5 files: 1 fault\n")
    assert (used.outbox / "5/stranger.png").exists()


def test_without_a_database_it_says_what_makes_one(watcher: Callable[..., Any], empty_folder: Path) -> None:
    assert "there is no database yet" in watcher("fsck", code=1).err
    assert list(empty_folder.iterdir()) == []


def test_while_a_daemon_runs_its_work_is_no_fault(watcher: Callable[..., Any], workspace: Workspace) -> None:
    pictures = {f"{number}.jpg": reference_picture(number % 10) for number in range(300)}
    with Daemon(workspace, workers__count=1, workers__executor="threads"):
        dropping = threading.Thread(target=make_files, args=(workspace.inbox, pictures))
        dropping.start()
        looks = 0
        while workspace.filed() < len(pictures):
            assert watcher("fsck").out.endswith(" 0 faults\n")
            looks += 1
        dropping.join()
    assert looks > 1
    workspace.audit(pictures.items())
