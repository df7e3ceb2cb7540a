"""`watcher evaluate --html`, `watcher classify --explain` and `--html`: pages and drawings."""

import json
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.daemon import Workspace, reference_picture, run
from helpers.html_page import Page
from helpers.support import digit_picture, make_files, read_files

from watcher.cli.explain import Explainer
from watcher.recognition import Reading
from watcher.report.render.values import Explanation, Neighbor

Watcher = Callable[..., Any]
NAME = "1_<b>&\x1b.jpg"


@pytest.fixture(autouse=True)
def _threads(empty_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Recognize in this process, which starts faster."""
    assert empty_folder == Path.cwd()
    monkeypatch.setenv("WATCHER_WORKERS__EXECUTOR", "threads")


@pytest.fixture
def labeled(workspace: Workspace) -> Path:
    """14 labeled images: 10 right, 3 under a wrong label, 1 not a picture."""
    right = {f"{digit}_0.jpg": reference_picture(digit) for digit in range(10)}
    wrong = {
        "1_8.jpg": reference_picture(7, 2),
        NAME: reference_picture(7, 3),
        "2_9.jpg": reference_picture(3, 2),
    }
    make_files(workspace.path / "test", right | wrong | {"5_9.jpg": b"none"})
    return workspace.path / "test"


def read(page: str | Path) -> Page:
    return Page(Path(page).read_text("utf-8"))


def test_an_evaluation_is_written_as_a_page_beside_what_is_printed(
    watcher: Watcher, workspace: Workspace, labeled: Path
) -> None:
    before = set(read_files(workspace.path))
    reported = watcher("evaluate", labeled, "--html", "report.html", "--json")
    assert "The page is report.html" in reported.err
    figures = json.loads(reported.out)
    page = read("report.html")
    assert f"Of 13 labeled pictures, {figures['errors']} were misread." in page.text
    assert "400, version 1: 40 of 0" in page.text
    assert str(labeled) in page.text
    for label, guess, name in (("1", "7", "1_8.jpg"), ("1", "7", r"1_<b>&\x1b.jpg"), ("2", "3", "2_9.jpg")):
        assert re.search(rf"{label} taken for {guess} [\d.]+ % certain \w+ {re.escape(name)} ", page.text)
    assert "5_9.jpg it is not a PNG" in page.text
    assert len(page.all("svg")) == 2
    pictures = [image["alt"] or "" for image in page.all("img")]
    near = [image for image in pictures if re.fullmatch(r"reference \d+, a \d", image)]
    assert len(near) == 3 * 5
    nearest = sorted(image[-1] for image in near[::5])
    assert nearest == ["3", "7", "7"], "the references themselves, under wrong labels"
    assert set(read_files(workspace.path)) - before <= {"report.html", "watcher.db-wal", "watcher.db-shm"}


def test_a_page_of_ours_is_replaced_and_the_table_is_still_printed(watcher: Watcher, labeled: Path) -> None:
    Path("report.html").write_bytes(b"")
    first = watcher("evaluate", labeled, "--html", "report.html")
    assert "misread" in Path("report.html").read_text("utf-8")
    (labeled / "2_9.jpg").unlink()
    watcher("evaluate", labeled, "--html", "report.html")
    assert "errors" in first.out
    assert "Of 12 labeled pictures, 2 were misread." in read("report.html").text


def test_where_nothing_was_read_or_misread_there_is_a_page_all_the_same(
    watcher: Watcher, workspace: Workspace
) -> None:
    make_files(workspace.path, {"bad/1_0.png": b"", "good/7_0.jpg": reference_picture(7)})
    watcher("evaluate", "bad", "--html", "bad.html")
    watcher("evaluate", "good", "--html", "good.html")
    assert "No picture could be read." in read("bad.html").text
    assert "None: every best guess is the label." in read("good.html").text


def a_folder(workspace: Workspace) -> str:
    (workspace.path / "out").mkdir()
    return "out"


def a_missing_folder(_place: Workspace) -> str:
    return "nowhere/report.html"


def a_file_as_folder(_place: Workspace) -> str:
    return "watcher.db/report.html"


def the_database(_place: Workspace) -> str:
    return "watcher.db"


def a_picture(workspace: Workspace) -> str:
    make_files(workspace.path, {"7_0.png": digit_picture(7)})
    return "7_0.png"


def somebody_s_page(workspace: Workspace) -> str:
    make_files(workspace.path, {"index.html": b"<!doctype html><title>Mine</title>"})
    return "index.html"


def a_pipe(_place: Workspace) -> str:
    os.mkfifo("pipe.html")
    return "pipe.html"


def a_link_to_nowhere(_place: Workspace) -> str:
    Path("link.html").symlink_to("nowhere/page.html")
    return "link.html"


def in_proc(_place: Workspace) -> str:
    return "/proc/report.html"


MISTAKES = [
    *(a_folder, a_missing_folder, a_file_as_folder, the_database, a_picture),
    *(somebody_s_page, a_pipe, a_link_to_nowhere, in_proc),
]


@pytest.mark.parametrize("mistake", MISTAKES)
@pytest.mark.parametrize("command", ["evaluate", "classify"])
def test_where_no_page_can_be_it_is_reported_before_the_work_and_nothing_is_touched(
    watcher: Watcher, workspace: Workspace, command: str, mistake: Callable[[Workspace], str]
) -> None:
    path = mistake(workspace)
    before = read_files(workspace.path)
    # The source does not exist either: to be reported the page alone is to be reported first.
    outcome = watcher(command, "no-such-source", "--html", path, code=1)
    assert outcome.out == ""
    (line,) = outcome.err.splitlines()
    assert line.startswith(f"watcher: {path}: ")
    assert read_files(workspace.path) == before


def test_a_page_is_not_begun_where_the_work_fails(watcher: Watcher, workspace: Workspace) -> None:
    watcher("evaluate", "no-such-source", "--html", "report.html", code=1)
    assert not [name for name in read_files(workspace.path) if name.endswith((".html", ".tmp"))]


def test_a_link_to_a_page_stays_a_link(watcher: Watcher, workspace: Workspace) -> None:
    make_files(workspace.path, {"pages/": None, "7.jpg": reference_picture(7)})
    Path("latest.html").symlink_to("pages/today.html")
    watcher("classify", "7.jpg", "--html", "latest.html")
    assert Path("latest.html").is_symlink()
    assert "What was seen in 7.jpg" in read("pages/today.html").text


def test_a_picture_is_explained(watcher: Watcher, workspace: Workspace) -> None:
    make_files(workspace.path, {"[red]seven.jpg": reference_picture(7), "novel.png": b"once"})
    shown = watcher("classify", "--explain", "[red]seven.jpg", "novel.png", code=1).out
    lines = shown.splitlines()
    assert lines[0] == "[red]seven.jpg"
    assert re.fullmatch(r"7, [\d.]+ % certain\. It would be filed under 7\.", lines[1])
    assert sum(character in "▀▄█" for character in shown) > 50
    scores = re.findall(r"(\d)  █*[▏▎▍▌▋▊▉]? +(0\.\d+) *$", shown, re.MULTILINE)
    assert [digit for digit, _ in scores] == list("0123456789")
    assert max(scores, key=lambda score: float(score[1]))[0] == "7"
    assert re.search(r"^#\d+ is a 7: .*images/7_0\.jpg$", shown, re.MULTILINE)
    assert "It could not be read: it is not a PNG" in shown
    assert "400 references, version 1" in lines[-1]
    assert "normalizer centered" in lines[-1]


def test_what_goes_to_review_is_explained_with_the_reason(
    watcher: Watcher, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_files(workspace.path, {"a.png": digit_picture(2)})
    monkeypatch.setenv("WATCHER_RECOGNITION__REVIEW_BELOW", "1")
    assert "It would go to review: its certainty, " in watcher("classify", "--explain", "a.png").out


@pytest.mark.parametrize("normalizer", ["none", "binary"])
def test_every_normalizer_s_digits_can_be_shown(
    watcher: Watcher, workspace: Workspace, monkeypatch: pytest.MonkeyPatch, normalizer: str
) -> None:
    make_files(workspace.path, {"images/7_0.png": digit_picture(7), "images/1_0.png": digit_picture(1)})
    monkeypatch.setenv("WATCHER_RECOGNITION__NORMALIZER", normalizer)
    monkeypatch.setenv("WATCHER_DATABASE__URL", "sqlite:///two.db")
    watcher("train", "images")
    shown = watcher("classify", "--explain", "images/7_0.png", "--html", "page.html").out
    assert "#1 is a 1: images/1_0.png" in shown
    assert f"normalizer {normalizer}" in shown
    assert "What was seen in images/7_0.png" in read("page.html").text


def test_without_unicode_it_is_drawn_in_ascii(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    make_files(workspace.path, {"sé▀n.jpg": reference_picture(7)})
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    monkeypatch.setenv("COLUMNS", "60")
    shown = run(workspace.path, "classify", "--explain", "sé▀n.jpg").stdout
    assert shown.isascii()
    assert shown.splitlines()[0] == r"s\xe9\u2580n.jpg"
    assert re.search(r"7  #+ +0\.\d", shown)
    assert re.search(r"[%@]{2}", shown)


@pytest.mark.parametrize("columns", [20, 60, 80, 200])
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_no_terminal_is_too_narrow(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, columns: int, encoding: str
) -> None:
    """Drawings are cut at the terminal's edge; numbers are complete if they fit."""
    reading = Reading(3, 0.5, 1, (8.641e-05, -1234.5, *range(8)), (12345678,))
    digit = np.eye(28, dtype=np.float32)
    picture = np.zeros((64, 64, 3), np.uint8)
    near = Neighbor(12345678, 3, "somewhere", "3.png", picture, digit)
    monkeypatch.setenv("COLUMNS", str(columns))
    sys.stdout.reconfigure(encoding=encoding)  # type: ignore[union-attr]
    Explainer().show(Explanation("a.png", "review", "it is faint", reading, picture, digit, (near,) * 5))
    shown = capsys.readouterr().out
    assert "…" not in shown
    assert shown.count("#12345678 is a 3: somewhere/3.png") == 5
    if columns >= 60:
        assert all(number in shown for number in ("8.641e-05", "-1234"))
    drawn = [line for line in shown.splitlines() if not line.startswith("#")]
    assert all(
        len(line) <= max(columns, len("0.5, 50.0 % certain. It would go to review: it is faint."))
        for line in drawn
    )


def test_the_page_shows_the_same_and_the_table_or_json_stays(watcher: Watcher, workspace: Workspace) -> None:
    make_files(workspace.path, {"7.jpg": reference_picture(7), "novel.png": b"once"})
    reported = watcher("classify", "7.jpg", "novel.png", "--json", "--html", "page.html", code=1).out
    page = read("page.html")
    first, second = map(json.loads, reported.splitlines())
    assert (first["digit"], second["digit"]) == (7, None)
    references = [image["alt"] or "" for image in page.all("img") if "reference" in (image["alt"] or "")]
    assert [int(alt.split()[1].rstrip(",")) for alt in references] == first["nearest"]
    assert "It would be filed under 7." in page.text
    assert "It could not be read" in page.text


def test_explain_and_json_exclude_each_other(watcher: Watcher, workspace: Workspace) -> None:
    make_files(workspace.path, {"7.jpg": reference_picture(7)})
    assert "give one" in watcher("classify", "--explain", "--json", "7.jpg", code=2).err
