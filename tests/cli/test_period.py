"""`watcher report`: what came in a period, on a page that needs nothing else."""

import base64
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from helpers import sample_log
from helpers.html_page import HOSTILE, Page
from helpers.support import digit_picture, make_files
from PIL import Image

from watcher.folders.outbox import Outbox
from watcher.report.period import MOST_BARS, MOST_PICTURES, summarize
from watcher.report.render.period import PeriodSummary, period_page
from watcher.store.database import open_database
from watcher.store.results import Decision, ResultsLog, Status
from watcher.store.timestamps import as_stamp

Watcher = Callable[..., Any]
NOW = datetime.now(UTC)
START = datetime(2026, 3, 1, tzinfo=UTC)


def decision(name: str, status: Status, sure: float | None, decided: datetime, digit: int = 7) -> Decision:
    known = sample_log.decision(name, None if sure is None else digit, sure, status, 0)
    return replace(
        known,
        arrived_at=as_stamp(decided),
        decided_at=as_stamp(decided),
        runner_up=None if sure is None else 1,
        reason=None if status == "filed" else f"because of <{status}>",
    )


def write(workspace: Path, decisions: list[Decision], seconds: float = 0.5) -> None:
    """Record these, each filed so long after it came."""
    with closing(open_database(workspace / "watcher.db")) as database:
        log = ResultsLog(database)
        log.record(decisions)
        for one in decisions:
            filed = datetime.fromisoformat(one.arrived_at) + timedelta(seconds=seconds)
            log.mark_filed([one.claim], as_stamp(filed))


def told(workspace: Path, since: datetime, until: datetime, review_below: float = 0.9) -> PeriodSummary:
    with closing(open_database(workspace / "watcher.db")) as database:
        span = as_stamp(since), as_stamp(until)
        return summarize(database, Outbox(workspace / "outbox"), *span, review_below)


def week() -> list[Decision]:
    hour = timedelta(hours=1)
    return [
        *(decision(f"{n}.png", "filed", 0.9995, NOW - n * hour, n) for n in range(10)),
        decision("doubt.png", "review", 0.55, NOW - 30 * hour, 3),
        decision(HOSTILE, "review", 0.62, NOW - 31 * hour, 4),
        decision("seen.png", "review", 0.5, NOW - 32 * hour, 4),
        decision("novel.txt", "failed", None, NOW - 33 * hour),
        decision("old.png", "filed", 1.0, NOW - 30 * 24 * hour),
    ]


@pytest.fixture
def log(empty_folder: Path) -> Path:
    """A log with a week and one from before; two of three still lie in review, one of them no picture."""
    write(empty_folder, week())
    make_files(empty_folder / "outbox" / "review", {"doubt.png": digit_picture(3)})
    return empty_folder


@pytest.mark.usefixtures("log")
def test_the_page_tells_what_came(watcher: Watcher) -> None:
    assert watcher("report", "--html", "r.html").err == "The page is r.html\n"
    page = Page(Path("r.html").read_text("utf-8"))
    since, until = (NOW - timedelta(days=7)).date(), NOW.date()
    assert f"What came from {since} to {until}" in page.text
    assert "Of 14 files, 10 were filed under their digit, 3 went to review and 1 failed." in page.text
    assert "71.4 % 10 under their digit" in page.text
    assert "21.4 % 3: certainty below 90 %, or no digit to be seen" in page.text
    assert "500 ms half of them were quicker; 99 of 100 within 500 ms" in page.text
    assert "because of <failed> the last: novel.txt" in page.text
    assert "The slowest" in page.text
    assert "old.png" not in page.text


@pytest.mark.usefixtures("log")
def test_its_charts_say_in_words_what_they_show(watcher: Watcher) -> None:
    watcher("report", "--html", "r.html")
    page = Page(Path("r.html").read_text("utf-8"))
    assert [svg["aria-label"] for svg in page.all("svg")] == ["How many of each digit", "When they came"]
    assert "taken for 3: 1 filed, 1 review; taken for 4: 1 filed, 2 review; taken for 5: 1 filed" in page.text
    assert "99.9 % and more 10" in " ".join(page.text.split())


@pytest.mark.usefixtures("log")
def test_it_shows_what_still_lies_in_review(watcher: Watcher) -> None:
    watcher("report", "--html", "r.html")
    page = Page(Path("r.html").read_text("utf-8"))
    (shown,) = page.all("img")
    picture = base64.b64decode(str(shown["src"]).removeprefix("data:image/webp;base64,"))
    with Image.open(BytesIO(picture)) as image:
        assert image.size == (64, 64)
    assert "3 or 1 55.0 % doubt.png" in page.text
    assert "2 lie there no longer: somebody has seen to them" in page.text


def test_what_cannot_be_read_any_more_has_no_picture_but_its_words(watcher: Watcher, log: Path) -> None:
    make_files(log / "outbox" / "review", {"seen.png": b"no picture"})
    (log / "outbox" / "review" / "doubt.png").unlink()
    (log / "outbox" / "review" / "doubt.png").symlink_to("/dev/zero")
    watcher("report", "--html", "r.html")
    page = Page(Path("r.html").read_text("utf-8"))
    assert page.all("img") == []
    assert page.text.count("cannot be read any more") == 2
    assert "4 or 1 50.0 % seen.png" in page.text


def test_where_people_have_seen_to_all_it_says_so(watcher: Watcher, log: Path) -> None:
    (log / "outbox" / "review" / "doubt.png").unlink()
    watcher("report", "--html", "r.html")
    page = Page(Path("r.html").read_text("utf-8"))
    assert "3 were looked for, and none lies in review any more: somebody has seen to them." in page.text


def test_the_page_needs_no_other_file_and_names_cannot_break_it(watcher: Watcher, log: Path) -> None:
    make_files(log / "outbox" / "review", {"doubt.png": b""})
    write(log, [decision("<b>slow</b>.png", "filed", 1.0, NOW - timedelta(hours=2))], seconds=100)
    watcher("report", "--html", "r.html")
    written = Path("r.html").read_text("utf-8")
    page = Page(written)
    assert "<b>slow</b>.png" in page.text
    assert "1 min 40 s" in page.text.replace("\xa0", " ")
    for _, attributes in page.elements:
        for name in ("src", "href"):
            assert (attributes.get(name) or "data:").startswith(("data:", "#"))
    assert page.all("script") == page.all("link") == []
    assert {"name": "viewport", "content": "width=device-width, initial-scale=1"} in page.all("meta")
    assert "prefers-color-scheme: dark" in written


@pytest.mark.usefixtures("log")
def test_nothing_came_is_said_and_a_perfect_period_too(watcher: Watcher) -> None:
    watcher("report", "--since", "2001-01-01", "--until", "2001-02-01", "--html", "none.html")
    assert "Nothing came in this period." in Page(Path("none.html").read_text("utf-8")).text
    watcher("report", "--since", "40d", "--until", "20d", "--html", "one.html")
    page = Page(Path("one.html").read_text("utf-8"))
    assert "Of 1 file, 1 was filed under its digit" in page.text
    assert "Nothing: it was certain of every picture." in page.text
    assert "None failed." in page.text


def test_what_cannot_be_done_is_told(watcher: Watcher, empty_folder: Path) -> None:
    assert "there is no database yet" in watcher("report", "--html", "r.html", code=1).err
    backwards = watcher("report", "--since", "1d", "--until", "2d", "--html", "r.html", code=2).err
    assert "the period ends before it begins; give an earlier --since" in backwards
    assert "Missing option '--html'" in watcher("report", code=2).err
    Path("mine.html").write_text("<p>mine")
    kept = watcher("report", "--html", "mine.html", code=1).err
    assert kept == "watcher: mine.html: it exists and is not a page of the watcher; choose another name\n"
    assert [path.name for path in empty_folder.iterdir()] == ["mine.html"]


def test_of_many_the_least_certain_are_shown(log: Path) -> None:
    many = [decision(f"r{n:03}.png", "review", 0.3 + n / 1000, NOW) for n in range(MOST_PICTURES + 20)]
    write(log, many)
    make_files(log / "outbox" / "review", {one.name: b"" for one in many[5:]})
    found = told(log, NOW - timedelta(days=1), NOW + timedelta(days=1))
    assert [item.row.name for item in found.in_review] == [one.name for one in many[5 : MOST_PICTURES + 5]]
    assert found.no_longer == 5
    assert "The 100 least certain of those that still lie in review/" in Page(period_page(found)).text


@pytest.mark.parametrize(
    ("days", "step", "first"),
    [
        (1, "one hour", "2026-03-01 00:00 to 2026-03-01 01:00"),
        (7, "3 hours", "2026-03-01 00:00 to 2026-03-01 03:00"),
        (30, "one day", "2026-03-01"),
        (365, "7 days", "2026-03-01 00:00 to 2026-03-08 00:00"),
    ],
)
def test_however_long_the_period_its_bars_stay_few_and_hold_every_file(
    empty_folder: Path, days: int, step: str, first: str
) -> None:
    start = START - timedelta(days=200)  # all of it has passed
    write(
        empty_folder,
        [decision(f"{n}.png", "filed", 1.0, start + n * timedelta(days=days) / 50) for n in range(50)],
    )
    found = told(empty_folder, start - timedelta(days=900), start + timedelta(days=days))
    assert found.step == step
    assert 2 <= len(found.times) <= MOST_BARS + 1
    assert sum(bar.filed for bar in found.times) == 50
    assert found.times[0].description == first.replace("2026-03-01", f"{start:%Y-%m-%d}").replace(
        "2026-03-08", f"{start + timedelta(days=7):%Y-%m-%d}"
    )


def test_the_threshold_is_a_border_of_its_own(empty_folder: Path) -> None:
    write(empty_folder, [decision("a.png", "review", 0.84, START), decision("b.png", "filed", 0.86, START)])
    found = told(empty_folder, START, START + timedelta(days=1), review_below=0.85)
    bars = {bar.label: (bar.filed, bar.review) for bar in found.certainties if bar.total}
    assert bars == {"80 to 85 %": (0, 1), "85 to 90 %": (1, 0)}


def test_however_long_a_name_is_all_of_it_is_shown(watcher: Watcher, log: Path) -> None:
    name = "a very long name " * 12 + ".png"
    write(log, [decision(name, "review", 0.51, NOW - timedelta(hours=2), 4)])
    make_files(log / "outbox" / "review", {name: digit_picture(4)})
    watcher("report", "--html", "r.html")
    written = Path("r.html").read_text("utf-8")
    assert name.strip() in Page(written).text
    assert "text-overflow" not in written
