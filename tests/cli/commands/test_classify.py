"""`watcher classify` and `watcher evaluate`: they recognize files and change nothing."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.daemon import ROOT, WATCHER, Workspace, environment, reference_picture
from helpers.support import digit_picture, make_files, read_files

from watcher.pen.ink import png

Watcher = Callable[..., Any]
FIELDS = ["file", "digit", "certainty", "runner_up", "scores", "status", "reason", "nearest"]


@pytest.fixture(autouse=True)
def _threads(empty_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Recognize in this process, which starts faster."""
    assert empty_folder == Path.cwd()
    monkeypatch.setenv("WATCHER_WORKERS__EXECUTOR", "threads")


def snapshot(workspace: Workspace) -> dict[str, bytes]:
    return {
        name: content for name, content in read_files(workspace.path).items() if "watcher.db-" not in name
    }


def test_each_file_is_described_by_one_object_with_the_fields_of_the_contract(
    watcher: Watcher, workspace: Workspace
) -> None:
    make_files(workspace.path, {"seven.jpg": reference_picture(7), "novel.png": b"once", "empty.png": b""})
    before = snapshot(workspace)
    lines = watcher("classify", "--json", "seven.jpg", "novel.png", "nowhere.png", "empty.png", code=1).out
    reported = [json.loads(line) for line in lines.splitlines()]
    assert [list(each) for each in reported] == [FIELDS] * 4
    seven, *others = reported
    assert (seven["file"], seven["digit"], seven["status"], seven["reason"]) == (
        "seven.jpg",
        7,
        "filed",
        None,
    )
    assert 0.9 <= seven["certainty"] <= 1
    assert len(seven["scores"]) == 10
    assert sorted(range(10), key=seven["scores"].__getitem__)[:-3:-1] == [7, seven["runner_up"]]
    assert seven["nearest"]
    assert all(type(reference) is int for reference in seven["nearest"])
    for other, name in zip(others, ("novel.png", "nowhere.png", "empty.png"), strict=True):
        assert other["file"] == name
        assert other["status"] == "failed"
        assert other["reason"]
        assert {other[field] for field in ("digit", "certainty", "runner_up", "scores", "nearest")} == {None}
    assert others[1]["reason"] == "it cannot be read: No such file or directory"
    assert snapshot(workspace) == before
    assert workspace.rows() == []


def test_a_blank_picture_goes_to_review_without_a_best_guess(watcher: Watcher, workspace: Workspace) -> None:
    make_files(workspace.path, {"blank.png": png(np.full((64, 64, 3), 250, np.uint8))})
    blank = json.loads(watcher("classify", "--json", "blank.png").out)
    assert (blank["status"], blank["reason"]) == ("review", "there is no ink on it")
    assert (blank["digit"], blank["certainty"], blank["runner_up"], blank["nearest"]) == (None, 0.0, None, [])
    out = watcher("classify", "--explain", "--html", "page.html", "blank.png").out
    assert "It would go to review: there is no ink on it." in out
    assert "certain" not in out.partition("scores")[0]
    assert "no digit</b>" in (workspace.path / "page.html").read_text("utf-8")
    (workspace.inbox / "blank.png").write_bytes((workspace.path / "blank.png").read_bytes())
    watcher("run", "--once")
    row = workspace.row("blank.png")
    assert row is not None
    assert (row["digit"], row["runner_up"], row["certainty"], row["status"]) == (None, None, 0.0, "review")
    assert "blank.png" in watcher("results", "--below", "0.5").out
    watcher("report", "--html", "period.html")
    assert "<b>no digit</b>" in (workspace.path / "period.html").read_text("utf-8")


def test_what_was_labeled_but_is_blank_is_an_error_of_an_evaluation(
    watcher: Watcher, workspace: Workspace
) -> None:
    make_files(workspace.path, {"labeled/7_0.png": png(np.full((64, 64, 3), 250, np.uint8))})
    found = json.loads(watcher("evaluate", "--json", "--html", "page.html", "labeled").out)
    assert (found["errors"], found["review"], found["wrong_filed"]) == (1, 1, 0)
    assert 'taken for <b class="guess">no digit</b>' in (workspace.path / "page.html").read_text("utf-8")


def test_files_that_can_all_be_read_give_exit_code_0(watcher: Watcher, workspace: Workspace) -> None:
    make_files(workspace.path, {f"{digit}.jpg": reference_picture(digit) for digit in range(10)})
    lines = watcher("classify", "--json", *(f"{digit}.jpg" for digit in range(10))).out.splitlines()
    assert [json.loads(line)["digit"] for line in lines] == list(range(10))


def test_the_threshold_decides_what_would_go_to_review(
    watcher: Watcher, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_files(workspace.path, {"a.png": digit_picture(2)})
    monkeypatch.setenv("WATCHER_RECOGNITION__REVIEW_BELOW", "1")
    reported = json.loads(watcher("classify", "--json", "a.png").out)
    is_below = "is below 100 %" in (reported["reason"] or "")
    assert (reported["status"], is_below) in {("review", True), ("filed", False)}
    assert (reported["status"] == "filed") == (reported["certainty"] == 1)


def test_the_table_names_each_file_and_lets_no_name_break_it(watcher: Watcher, workspace: Workspace) -> None:
    names = ["a [bold]b[/bold].jpg", "two\nlines \x1b[31m.jpg", "caf\udce9.jpg", ":smile:.jpg"]
    make_files(workspace.path, {name: reference_picture(7) for name in names})
    shown = watcher("classify", *names).out
    rows = [line.strip() for line in shown.splitlines() if line.strip()][2:]
    assert len(rows) == 4
    for row, name in zip(
        rows, ["a [bold]b[/bold].jpg", r"two\nlines \x1b[31m.jpg", r"caf\xe9.jpg", ":smile:.jpg"], strict=True
    ):
        assert row.startswith(name)
        assert row[len(name) :].split()[0] == "7"
    assert "\x1b" not in shown


def test_a_fifo_is_no_picture_and_holds_nothing_up(watcher: Watcher, workspace: Workspace) -> None:
    os.mkfifo("pipe.png")
    (line,) = watcher("classify", "--json", "pipe.png", code=1).out.splitlines()
    assert json.loads(line)["reason"] == "it is not a regular file"
    assert workspace.rows() == []


def test_a_folder_is_all_that_lies_below_it(watcher: Watcher, workspace: Workspace) -> None:
    seven = reference_picture(7)
    files = (
        "b.jpg",
        "a.jpg",
        "deep/er/c.jpg",
        ".hidden.jpg",
        "half.jpg.part",
        ".claimed/d.jpg",
        "x.txt.reason.txt",
    )
    make_files(workspace.path, {f"scans/{name}": seven for name in files} | {"scans/x.txt": b"no picture"})
    lines = watcher("classify", "--json", "scans", code=1).out.splitlines()
    names = ["scans/a.jpg", "scans/b.jpg", "scans/x.txt", "scans/deep/er/c.jpg"]
    assert [json.loads(line)["file"] for line in lines] == names


def test_an_empty_folder_says_so(watcher: Watcher, workspace: Workspace) -> None:
    make_files(workspace.path, {"nothing/": None})
    outcome = watcher("classify", "nothing")
    assert (outcome.out, outcome.err) == ("", "watcher: nothing: there are no files in it\n")


def test_standard_input_is_a_file_too(workspace: Workspace) -> None:
    done = subprocess.run(
        [*WATCHER, "classify", "--json", "-"],
        input=reference_picture(7),
        cwd=workspace.path,
        env=environment({}),
        capture_output=True,
        check=True,
    )
    answer = json.loads(done.stdout)
    assert (answer["file"], answer["digit"], answer["status"]) == ("-", 7, "filed")


@pytest.mark.parametrize("cache", ["kept", "refused"])
def test_in_a_fresh_folder_it_works_and_makes_nothing_there(
    watcher: Watcher, empty_folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, cache: str
) -> None:
    kept = tmp_path.parent / "kept-references"
    monkeypatch.setenv("XDG_CACHE_HOME", str(kept) if cache == "kept" else "/proc/nowhere")
    picture = ROOT / "images" / "7_0.jpg"
    outcome = watcher("classify", "--json", picture)
    assert json.loads(outcome.out)["digit"] == 7
    assert outcome.err == f"There is no database yet; compared with {ROOT / 'images'}\n"
    assert list(empty_folder.iterdir()) == []
    if cache == "kept":
        (folder,) = (kept / "watcher").iterdir()
        made = [path for path in folder.rglob("*") if path.name == "references.db"]
        assert len(made) == 1
        watcher("classify", picture)
        assert list((kept / "watcher").iterdir()) == [folder], "made once"


EVALUATED = [
    "images",
    "errors",
    "error_rate",
    "unreadable",
    "review",
    "wrong_filed",
    "ece",
    "coverage",
    "confusion",
    "seconds",
    "references",
    "without_references",
]


@pytest.fixture
def labeled(workspace: Workspace) -> Path:
    """24 labeled images: 20 right, 3 under a wrong label, 1 not a picture."""
    right = {
        f"{digit}_{index}.jpg": reference_picture(digit, index) for digit in range(10) for index in (0, 1)
    }
    wrong = {
        "1_8.jpg": reference_picture(7, 2),
        "1_9.jpg": reference_picture(7, 3),
        "2_9.jpg": reference_picture(3, 2),
    }
    make_files(workspace.path / "test", right | wrong | {"5_9.jpg": b"none"})
    return workspace.path / "test"


def test_the_counts_of_an_evaluation_are_those_of_the_labels(
    watcher: Watcher, workspace: Workspace, labeled: Path
) -> None:
    before = snapshot(workspace)
    outcome = watcher("evaluate", labeled, "--json")
    reported = json.loads(outcome.out)
    assert list(reported) == EVALUATED
    assert (reported["images"], reported["errors"], reported["unreadable"]) == (23, 3, 1)
    assert reported["error_rate"] == pytest.approx(3 / 23)
    assert reported["wrong_filed"] + reported["review"] >= 3
    assert reported["wrong_filed"] <= 3
    confusion = reported["confusion"]
    assert (len(confusion), {len(row) for row in confusion}) == (10, {10})
    assert (confusion[1][7], confusion[2][3], confusion[7][7], confusion[5][5]) == (2, 1, 2, 2)
    assert sum(map(sum, confusion)) == 23
    assert set(reported["coverage"]) == {"0.001", "0.01"}
    assert 0 <= reported["coverage"]["0.001"] <= reported["coverage"]["0.01"] <= 1
    assert 0 <= reported["ece"] <= 1
    assert reported["seconds"] > 0
    assert "5_9.jpg: left out" in outcome.err
    assert snapshot(workspace) == before


def test_processes_evaluate_to_the_same(
    watcher: Watcher, labeled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = json.loads(watcher("evaluate", labeled, "--json").out)
    monkeypatch.setenv("WATCHER_WORKERS__EXECUTOR", "processes")
    monkeypatch.setenv("WATCHER_WORKERS__COUNT", "1")
    processes = json.loads(watcher("evaluate", labeled, "--json").out)
    assert {**processes, "seconds": 0} == {**threads, "seconds": 0}


def test_an_evaluation_is_shown_in_words_too(watcher: Watcher, labeled: Path) -> None:
    shown = watcher("evaluate", labeled).out.split()
    for word in ("images", "errors", "review", "coverage"):
        assert word in shown
    assert shown[shown.index("errors") + 1] == "3"


@pytest.fixture
def half_known(workspace: Workspace) -> Path:
    """Four references, one of them under a wrong label; three other pictures, one under a wrong label."""
    known = {f"{digit}_0.jpg": reference_picture(digit) for digit in (1, 2, 3)} | {
        "5_0.jpg": reference_picture(4)
    }
    other = {"6_1.png": digit_picture(6, 1), "7_1.png": digit_picture(7, 1), "9_1.png": digit_picture(0, 1)}
    make_files(workspace.path / "half", known | other)
    return workspace.path / "half"


def test_the_references_among_the_images_are_counted_and_the_figures_given_without_them(
    watcher: Watcher, half_known: Path
) -> None:
    reported = json.loads(watcher("evaluate", half_known, "--json").out)
    assert (reported["images"], reported["errors"], reported["references"]) == (7, 2, 4)
    without = reported["without_references"]
    assert list(without) == ["images", "errors", "error_rate", "review", "wrong_filed", "ece", "coverage"]
    for name in [path.name for path in half_known.iterdir() if path.suffix == ".jpg"]:
        (half_known / name).unlink()
    alone = json.loads(watcher("evaluate", half_known, "--json").out)
    assert alone["references"] == 0
    assert without == alone["without_references"] == {name: alone[name] for name in without}
    assert (without["images"], without["errors"]) == (3, 1)


def test_it_says_that_references_are_among_the_images(watcher: Watcher, half_known: Path) -> None:
    shown = watcher("evaluate", half_known).out
    assert "References among these images: 4. They are always recognized," in shown
    assert "Without them: 3 images, 1 error (33.33%), " in shown
    for name in [path.name for path in half_known.iterdir() if path.suffix == ".png"]:
        (half_known / name).unlink()
    assert "No other image is left. Evaluate images that you have not trained on." in (
        watcher("evaluate", half_known).out
    )


def test_without_references_among_the_images_it_says_nothing_of_them(
    watcher: Watcher, workspace: Workspace
) -> None:
    make_files(workspace.path / "new", {"6_1.png": digit_picture(6, 1)})
    assert "references" not in watcher("evaluate", "new").out
