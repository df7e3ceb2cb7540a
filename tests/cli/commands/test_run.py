"""`watcher run --once`: everything in the inbox is sorted, and then it exits."""

import io
import json
import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from helpers.daemon import Workspace, reference_picture, run
from helpers.support import digit_picture, make_files, read_files
from PIL import Image

from watcher.config.load import load_config

Watcher = Callable[..., Any]
FORMATS = {"png": "PNG", "jpg": "JPEG", "bmp": "BMP", "tif": "TIFF", "gif": "GIF", "webp": "WEBP"}


@pytest.fixture(autouse=True)
def _threads(empty_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Recognize in this process, which starts faster."""
    assert empty_folder == Path.cwd()
    monkeypatch.setenv("WATCHER_WORKERS__EXECUTOR", "threads")
    monkeypatch.setenv("WATCHER_WORKERS__COUNT", "2")


def saved_as(kind: str) -> bytes:
    file = io.BytesIO()
    Image.open(io.BytesIO(digit_picture(7))).convert("RGB").save(file, kind)
    return file.getvalue()


def broken() -> Iterator[tuple[str, bytes]]:
    """300 files that are no pictures, or incomplete ones."""
    chance = random.Random(7)  # noqa: S311 - keeps no secret
    for suffix, kind in FORMATS.items():
        whole = saved_as(kind)
        for index in range(40):
            end = chance.randrange(1, len(whole) * 9 // 10)
            yield f"cut-{index}.{suffix}", whole[:end]
    for index in range(30):
        yield f"noise-{index}.png", chance.randbytes(chance.randrange(1, 5000))
    for index in range(15):
        yield f"novel-{index}.jpg", b"Call me anything but a digit.\n" * index
    for index in range(15):
        yield f"headed-{index}.png", b"\x89PNG\r\n\x1a\n" + chance.randbytes(index * 20)


def good() -> Iterator[tuple[str, bytes]]:
    """Pictures, some with the name of another format or of none."""
    for digit in range(10):
        for index in range(4):
            yield f"good-{digit}-{index}.jpg", reference_picture(digit, index)
    for kind in FORMATS.values():
        yield f"really {kind}.txt", saved_as(kind)
    yield "no suffix", reference_picture(5)
    yield "misnamed.png", reference_picture(6)


def test_what_is_no_picture_is_explained_and_disturbs_no_other(
    watcher: Watcher, workspace: Workspace
) -> None:
    bad, fine = dict(broken()), dict(good())
    assert len(bad) == 300
    dropped = list((bad | fine).items())
    random.Random(1).shuffle(dropped)  # noqa: S311 - keeps no secret
    make_files(workspace.inbox, dict(dropped))
    watcher("run", "--once")
    workspace.audit(dropped)
    rows = {row["name"]: row for row in workspace.rows()}
    assert {name for name, row in rows.items() if row["status"] == "failed"} == set(bad)
    assert {row["digit"] for name, row in rows.items() if name.startswith("really")} == {7}
    files = read_files(workspace.outbox)
    for name in bad:
        row = rows[name]
        assert row["destination"] == f"failed/{name}"
        assert row["reason"]
        assert files[f"failed/{name}.reason.txt"] == f"{row['reason']}\n".encode()
        assert {row[column] for column in ("digit", "certainty", "runner_up", "scores")} == {None}
    for name, content in fine.items():
        if name.startswith("good"):
            assert files[f"{name[5]}/{name}"] == content


def test_what_is_unsure_goes_to_review_with_its_reason_in_the_log(
    watcher: Watcher, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    blank = io.BytesIO()
    Image.new("L", (64, 64), 255).save(blank, "PNG")
    make_files(workspace.inbox, {"blank.png": blank.getvalue()})
    monkeypatch.setenv("WATCHER_RECOGNITION__REVIEW_BELOW", "1")
    watcher("run", "--once")
    (row,) = workspace.rows()
    assert (row["status"], row["destination"]) == ("review", "review/blank.png")
    assert row["reason"]
    workspace.audit([("blank.png", blank.getvalue())])


def test_nothing_to_do_is_done_at_once(watcher: Watcher, workspace: Workspace) -> None:
    events = [json.loads(line) for line in watcher("run", "--once").out.splitlines()]
    assert [event["event"] for event in events] == ["stopping", "stopped"]
    assert events[-1]["pictures"] == 0
    assert workspace.rows() == []


def test_a_file_that_is_being_written_is_waited_for_and_never_read_half(
    watcher: Watcher, workspace: Workspace
) -> None:
    picture = reference_picture(7)
    file = (workspace.inbox / "slow.jpg").open("wb", buffering=0)
    file.write(picture[:400])

    def finish() -> None:
        with closing(file):
            for start in range(400, len(picture), 400):
                time.sleep(0.03)
                file.write(picture[start : start + 400])

    writer = threading.Thread(target=finish)
    (workspace.inbox / "ready.jpg").write_bytes(reference_picture(3))
    writer.start()
    watcher("run", "--once")
    writer.join()
    workspace.audit([("ready.jpg", reference_picture(3)), ("slow.jpg", picture)])
    assert {row["status"] for row in workspace.rows()} == {"filed"}


def test_a_file_that_somebody_keeps_open_is_left_in_the_inbox_with_a_warning(
    watcher: Watcher, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("watcher.daemon.daemon.ONCE_PATIENCE", 0.2)
    with (workspace.inbox / "slow.jpg").open("wb", buffering=0) as file:
        file.write(reference_picture(7)[:400])
        said = watcher("run", "--once").out
    assert "left in the inbox: still being written" in said
    assert workspace.waiting() == {"slow.jpg"}
    assert workspace.rows() == []


def test_subfolders_are_emptied_where_asked_for_and_names_may_be_the_same(
    watcher: Watcher, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {
        f"{folder}scan.jpg": reference_picture(7, index) for index, folder in enumerate(("", "a/", "a/b/"))
    }
    make_files(workspace.inbox, dict(files))
    watcher("run", "--once")
    assert len(workspace.rows()) == 1
    monkeypatch.setenv("WATCHER_INBOX__RECURSIVE", "true")
    watcher("run", "--once")
    workspace.audit(("scan.jpg", content) for content in files.values())


def test_the_references_folder_is_learned_from_where_there_is_one(
    watcher: Watcher, empty_folder: Path
) -> None:
    workspace = Workspace(empty_folder)
    make_files(empty_folder, {f"images/{digit}_0.jpg": reference_picture(digit, 9) for digit in range(10)})
    make_files(empty_folder, {"images/4_1.jpg": b"broken", "inbox/scan.jpg": reference_picture(7, 9)})
    events = [json.loads(line) for line in watcher("run", "--once").out.splitlines()]
    (learned,) = (event for event in events if "references" in event)
    assert (learned["references"], Path(learned["source"])) == (10, empty_folder / "images")
    (refused,) = (event for event in events if event["event"] == "reference image not read")
    assert refused["name"] == "4_1.jpg"
    assert [row["digit"] for row in workspace.rows()] == [7]


def test_references_that_were_trained_first_are_not_added_to(watcher: Watcher, empty_folder: Path) -> None:
    make_files(empty_folder, {f"mine/{digit}_0.jpg": reference_picture(digit) for digit in range(10)})
    watcher("train", "mine")
    watcher("run", "--once")
    assert json.loads(watcher("references", "--json").out)["references"] == 10


@pytest.mark.parametrize("harm", ["removed", "emptied", "changed"])
def test_a_cache_that_is_gone_or_damaged_is_made_again(
    watcher: Watcher, empty_folder: Path, harm: str
) -> None:
    workspace = Workspace(empty_folder)
    make_files(empty_folder, {f"images/{digit}_0.jpg": reference_picture(digit) for digit in range(10)})
    # Elsewhere, so that nothing of it is in this process's memory.
    run(empty_folder, "run", "--once", workers__executor="threads")
    cache = load_config(None, {}).cache
    assert list(cache.rglob("*.npy"))
    for path in [path for path in cache.rglob("*") if path.is_file()]:
        if harm == "removed":
            path.unlink()
        elif harm == "emptied":  # as a power cut leaves files that were not flushed
            path.write_bytes(b"")
        elif path.suffix == ".npy":
            content = bytearray(path.read_bytes())
            content[-3] ^= 0xFF
            path.write_bytes(content)
    make_files(workspace.inbox, {"scan.jpg": reference_picture(7)})
    watcher("run", "--once")
    assert [row["digit"] for row in workspace.rows()] == [7]


def test_a_hard_linked_picture_is_filed_and_its_other_name_stays(
    watcher: Watcher, workspace: Workspace
) -> None:
    (workspace.path / "original.jpg").write_bytes(reference_picture(7))
    os.link(workspace.path / "original.jpg", workspace.inbox / "copy.jpg")
    watcher("run", "--once")
    workspace.audit([("copy.jpg", reference_picture(7))])
    assert (workspace.path / "original.jpg").read_bytes() == reference_picture(7)


def test_what_a_killed_run_left_claimed_is_sorted_by_the_next(watcher: Watcher, workspace: Workspace) -> None:
    make_files(workspace.claimed / "0000000000000001", {"a.jpg": reference_picture(7), "novel.txt": b"once"})
    (workspace.claimed / "0000000000000002").mkdir()
    events = [json.loads(line) for line in watcher("run", "--once").out.splitlines()]
    (resumed,) = (event for event in events if event["event"] == "resumed")
    assert (resumed["to_recognize"], resumed["filed"]) == (2, 0)
    workspace.audit([("a.jpg", reference_picture(7)), ("novel.txt", b"once")])


def test_at_its_end_it_says_what_became_of_the_files(watcher: Watcher, workspace: Workspace) -> None:
    files = {"seven.jpg": reference_picture(7), "two.jpg": reference_picture(2), "notes.txt": b"milk"}
    make_files(workspace.inbox, files)
    stopped = json.loads(watcher("run", "--once").out.splitlines()[-1])
    tally = {name: stopped[name] for name in ("event", "pictures", "filed", "review", "failed")}
    assert tally == {"event": "stopped", "pictures": 3, "filed": 2, "review": 0, "failed": 1}
