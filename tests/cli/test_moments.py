"""Ages, days and times: understood alike by every option."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from helpers.sample_log import write_log

from watcher.cli.moments import local_words, moment

Watcher = Callable[..., Any]
NOW = datetime(2024, 2, 29, 12, 30, tzinfo=UTC)


@pytest.fixture
def far_east(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Local time is thirteen hours ahead of UTC: it is the first of March already."""
    monkeypatch.setenv("TZ", "EAST-13")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("90s", "2024-02-29T12:28:30"),
        ("90min", "2024-02-29T11:00:00"),
        ("24h", "2024-02-28T12:30:00"),
        ("7d", "2024-02-22T12:30:00"),
        ("2w", "2024-02-15T12:30:00"),
        ("1m", "2024-01-29T12:30:00"),
        ("12m", "2023-02-28T12:30:00"),
        ("1y", "2023-02-28T12:30:00"),
        ("4y", "2020-02-29T12:30:00"),
        ("2024-02-20T08:15", "2024-02-20T08:15:00"),
        ("2024-02-20 08:15:30", "2024-02-20T08:15:30"),
        ("2024-02-20T08:15+02:00", "2024-02-20T06:15:00"),
        ("2024-02-20T08:15Z", "2024-02-20T08:15:00"),
    ],
)
def test_ages_and_times_are_utc_and_m_is_a_month(text: str, meant: str) -> None:
    assert moment(text, NOW).astimezone(UTC).replace(tzinfo=None).isoformat() == meant


@pytest.mark.usefixtures("far_east")
@pytest.mark.parametrize(
    ("text", "begins"),
    [
        ("today", "2024-02-29T11:00:00"),
        ("yesterday", "2024-02-28T11:00:00"),
        ("2024-02-20", "2024-02-19T11:00:00"),
    ],
)
def test_a_day_begins_at_midnight_local_time(text: str, begins: str) -> None:
    assert moment(text, NOW).astimezone(UTC).replace(tzinfo=None).isoformat() == begins


@pytest.mark.parametrize("text", ["", "1", "m", "0d", "-1d", "1.5h", "1y2m", "9999y", "999999d", "tomorrow"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises((ValueError, OverflowError)):
        moment(text, NOW)


@pytest.mark.usefixtures("far_east")
def test_a_stamp_is_said_as_a_local_day() -> None:
    assert local_words("2024-02-20T11:30:00.000000Z", NOW) == "2024-02-21"
    assert local_words("2024-02-29T11:00:00.000000Z", NOW) == "2024-03-01"
    assert local_words("2024-02-29T12:00:00.000000Z", NOW) == "2024-03-01 01:00"


@pytest.mark.parametrize("when", ["90min", "2w", "6m", "1y", "yesterday", "2026-01-02", "2026-01-02T03:04"])
def test_every_option_that_takes_a_time_takes_all_of_them(
    watcher: Watcher, empty_folder: Path, when: str
) -> None:
    write_log(empty_folder / "watcher.db")
    watcher("results", "--since", when)
    watcher("results", "--until", when)
    watcher("export", "log.csv", "--since", when, "--until", when, "--force")
    watcher("report", "--since", when, "--html", "page.html")
    watcher("prune", "--older-than", when, "--dry-run")


def test_nothing_is_pruned_up_to_a_time_in_the_future(watcher: Watcher, empty_folder: Path) -> None:
    write_log(empty_folder / "watcher.db")
    assert "is in the future" in watcher("prune", "--older-than", "2999-01-01", "--yes", code=2).err
