"""`watcher retry`: failed files lie in the inbox again, and mistakes are reported in a line."""

from collections.abc import Callable
from typing import Any

import pytest
from helpers.daemon import Daemon, Workspace, reference_picture
from helpers.support import make_files, read_files, wait_until

START_ONE = "No daemon runs; `watcher run` starts one, which takes them\n"
DOUBTFUL = {
    name: reference_picture(7, number) for number, name in enumerate(("blot.png", "doubt.png", "vote.png"))
}


@pytest.fixture
def failed(watcher: Callable[..., Any], workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The ids of two failed files."""
    monkeypatch.setenv("WATCHER_WORKERS__EXECUTOR", "threads")
    make_files(
        workspace.inbox, {"novel.txt": b"once", "song.txt": b"la la", "seven.jpg": reference_picture(7)}
    )
    watcher("run", "--once")
    return [row["id"] for row in workspace.rows() if row["status"] == "failed"]


def test_files_are_put_back_by_their_ids_or_all_and_sorted_again(
    watcher: Callable[..., Any], workspace: Workspace, failed: list[int]
) -> None:
    assert watcher("retry", failed[0]).out == f"1 picture was put back\n{START_ONE}"
    assert len(read_files(workspace.inbox)) == 1
    assert watcher("retry", "--all").out == f"1 picture was put back\n{START_ONE}"
    assert read_files(workspace.inbox) == {"novel.txt": b"once", "song.txt": b"la la"}
    assert watcher("retry", "--all").out == "0 pictures were put back\n"
    (workspace.inbox / "song.txt").write_bytes(reference_picture(3))
    watcher("run", "--once")
    dropped = {"novel.txt": b"once", "song.txt": reference_picture(3), "seven.jpg": reference_picture(7)}
    workspace.audit(dropped.items())
    assert {row["name"]: row["status"] for row in workspace.rows()}["song.txt"] == "filed"


def test_a_running_daemon_takes_them_at_once(
    watcher: Callable[..., Any], workspace: Workspace, failed: list[int]
) -> None:
    with Daemon(workspace, workers__executor="threads", workers__count=1):
        for name in ("novel.txt", "song.txt"):
            (workspace.outbox / "failed" / name).write_bytes(reference_picture(5))
        watcher("retry", *failed)
        wait_until(lambda: [row["digit"] for row in workspace.rows()] == [7, 5, 5] and workspace.filed() == 3)
    (workspace.path / "log.jsonl").unlink()
    workspace.audit(
        [
            *((name, reference_picture(5)) for name in ("novel.txt", "song.txt")),
            ("seven.jpg", reference_picture(7)),
        ]
    )


def test_an_unknown_id_is_reported(watcher: Callable[..., Any], failed: list[int]) -> None:
    outcome = watcher("retry", 999, failed[0], code=1)
    assert outcome.out == f"1 picture was put back\n{START_ONE}"
    assert outcome.err == "watcher: there is no result 999\n"


@pytest.mark.parametrize("arguments", [[], ["1", "--all"], ["1", "--review"]])
def test_ids_or_all_must_be_given(
    watcher: Callable[..., Any], workspace: Workspace, arguments: list[str]
) -> None:
    assert "give the IDs of results, or --all, or --review" in watcher("retry", *arguments, code=2).err
    assert workspace.rows() == []


def test_before_the_first_run_it_says_so(watcher: Callable[..., Any], empty_folder: Any) -> None:
    assert "there is no database yet" in watcher("retry", "--all", code=1).err
    assert list(empty_folder.iterdir()) == []


def test_without_an_inbox_it_says_so(
    watcher: Callable[..., Any], workspace: Workspace, failed: list[int]
) -> None:
    workspace.inbox.rename(workspace.path / "elsewhere")
    told = watcher("retry", *failed, code=1).err
    assert told == f"watcher: {workspace.inbox}: there is no such folder; `watcher run` makes it\n"
    assert len(workspace.rows()) == 3


@pytest.fixture
def in_review(watcher: Callable[..., Any], workspace: Workspace) -> dict[str, int]:
    """The ids of three results in review, by name."""
    make_files(workspace.inbox, DOUBTFUL)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WATCHER_RECOGNITION__REVIEW_BELOW", "1")
        watcher("run", "--once")
    return {row["name"]: row["id"] for row in workspace.rows() if row["status"] == "review"}


def test_pictures_in_review_are_put_back_by_their_ids(
    watcher: Callable[..., Any], workspace: Workspace, in_review: dict[str, int]
) -> None:
    assert len(in_review) == 3
    assert watcher("retry", in_review["vote.png"]).out == f"1 picture was put back\n{START_ONE}"
    assert read_files(workspace.inbox) == {"vote.png": reference_picture(7, 2)}
    watcher("run", "--once")
    workspace.audit(DOUBTFUL.items())
    assert {row["name"]: row["status"] for row in workspace.rows()}["vote.png"] == "filed"


def test_all_in_review_is_what_people_left_there(
    watcher: Callable[..., Any], workspace: Workspace, in_review: dict[str, int], failed: list[int]
) -> None:
    (workspace.outbox / "review" / "doubt.png").rename(workspace.outbox / "7" / "doubt.png")
    outcome = watcher("retry", "--review")
    assert outcome.out == f"2 pictures were put back\n{START_ONE}"
    assert sorted(read_files(workspace.inbox)) == ["blot.png", "vote.png"]
    assert {row["id"] for row in workspace.rows() if row["status"] == "failed"} == set(failed)
    refused = watcher("retry", in_review["doubt.png"], code=1).err
    assert "review/doubt.png is no longer in the outbox" in refused


def test_a_file_belongs_to_the_newest_result_of_its_place(
    watcher: Callable[..., Any], workspace: Workspace, in_review: dict[str, int]
) -> None:
    (workspace.outbox / "review" / "vote.png").rename(workspace.outbox / "7" / "vote.png")
    make_files(workspace.inbox, {"vote.png": reference_picture(3)})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WATCHER_RECOGNITION__REVIEW_BELOW", "1")
        watcher("run", "--once")
    newest = workspace.rows()[-1]["id"]
    refused = watcher("retry", in_review["vote.png"], code=1)
    assert refused.err == (
        f"watcher: result {in_review['vote.png']}: what lies at review/vote.png now is of result {newest}\n"
    )
    assert watcher("retry", "--review").out.startswith("3 pictures were put back\n")


def test_nothing_is_said_of_a_daemon_while_one_runs(
    watcher: Callable[..., Any], workspace: Workspace, failed: list[int]
) -> None:
    with Daemon(workspace, workers__executor="threads", workers__count=1):
        assert watcher("retry", failed[0]).out == "1 picture was put back\n"
