"""`watcher results`: the log, queried and printed."""

import csv
import io
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from helpers.daemon import WATCHER, environment
from helpers.sample_log import HOSTILE_TEXT, LOG, NOW, add, decision, write_log

from watcher.store.timestamps import as_stamp

Watcher = Callable[..., Any]
COLUMNS = (  # noqa: SIM905 - in two lines, not fourteen
    "id name sha256 digit certainty runner_up scores status reason destination "
    "arrived_at decided_at filed_at reference_version"
).split()


@pytest.fixture(autouse=True)
def log(empty_folder: Path) -> None:
    """A log of five pictures, the last of them not yet filed."""
    write_log(empty_folder / "watcher.db")


def asked(watcher: Watcher, *arguments: str) -> list[str]:
    """The names of the printed rows."""
    lines = watcher("results", "--json", *arguments).out.splitlines()
    return [json.loads(line)["name"] for line in lines]


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        ("", [HOSTILE_TEXT, "broken.png", "unsure.png", "three.png", "old.png"]),
        ("--digit 3", ["unsure.png", "three.png"]),
        ("--digit 3 --digit 7", [HOSTILE_TEXT, "unsure.png", "three.png", "old.png"]),
        ("--status review", ["unsure.png"]),
        ("--status review --status failed", ["broken.png", "unsure.png"]),
        ("--since 24h", [HOSTILE_TEXT, "broken.png", "unsure.png"]),
        ("--since 7d --until 15h", ["unsure.png", "three.png"]),
        ("--until 2w", ["old.png"]),
        ("--since 2001-01-01 --until 2001-01-02T03:04", []),
        ("--above 0.97", ["three.png", "old.png"]),
        ("--below 0.97", [HOSTILE_TEXT, "unsure.png"]),
        ("--above 0.9 --below 0.97", [HOSTILE_TEXT]),
        ("--name *e*.png", ["broken.png", "unsure.png", "three.png"]),
        ("--name old.png", ["old.png"]),
        ("--name OLD.png", []),
        ("--limit 2", [HOSTILE_TEXT, "broken.png"]),
        ("--limit 0 --digit 7", [HOSTILE_TEXT, "old.png"]),
        ("--digit 3 --status filed --above 0.9", ["three.png"]),
    ],
)
def test_the_rows_asked_for_are_given_newest_first(
    watcher: Watcher, arguments: str, names: list[str]
) -> None:
    assert asked(watcher, *arguments.split()) == names


def test_json_lines_hold_every_column(watcher: Watcher) -> None:
    lines = [json.loads(line) for line in watcher("results", "--format", "jsonl").out.splitlines()]
    assert [list(line) for line in lines] == [COLUMNS] * 5
    newest, broken = lines[:2]
    assert newest["scores"] == [0, 0, 0, 0, 0, 0, 0, 1, 0, 0]
    assert newest["filed_at"] is None
    assert (broken["digit"], broken["scores"], broken["reason"]) == (None, None, "because of broken.png")
    assert broken["filed_at"] == as_stamp(NOW)


def test_csv_holds_the_same_and_survives_any_name(watcher: Watcher) -> None:
    rows = list(csv.DictReader(io.StringIO(watcher("results", "--csv").out, newline="")))
    lines = [json.loads(line) for line in watcher("results", "--json").out.splitlines()]
    assert [row["name"] for row in rows] == [line["name"] for line in lines]
    assert list(rows[0]) == COLUMNS
    assert [json.loads(row["scores"] or "null") for row in rows] == [line["scores"] for line in lines]


def test_the_table_escapes_names_that_would_play_with_the_terminal(watcher: Watcher) -> None:
    shown = watcher("results").out
    rows = [line for line in shown.splitlines() if line.strip()]
    assert rows[0].split()[:4] == ["id", "name", "digit", "certainty"]
    assert len(rows) == 2 + len(LOG)
    assert r'a\x1b[31m\u202eb\nc,"d"\xff.png' in rows[2]
    assert not set("\x1b\u202e") & set(shown)


def test_the_table_shows_the_newest_twenty_unless_asked_for_more(
    watcher: Watcher, empty_folder: Path
) -> None:
    add(empty_folder / "watcher.db", [decision(f"scan-{n}.png", 1, 1.0, "filed", 0) for n in range(30)])
    assert watcher("results").out.count("scan-") == 2 * 20
    assert watcher("results", "--limit", 0).out.count("scan-") == 2 * 30
    assert watcher("results", "--limit", 3).out.count("scan-") == 2 * 3
    assert len(watcher("results", "--csv").out.splitlines()) > 35


def test_a_reader_that_has_enough_breaks_nothing(empty_folder: Path) -> None:
    add(empty_folder / "watcher.db", [decision(f"scan-{n}.png", 1, 1.0, "filed", 0) for n in range(3000)])
    with subprocess.Popen(
        [*WATCHER, "results", "--json"],
        cwd=empty_folder,
        env=environment({}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout
        assert process.stderr
        assert json.loads(process.stdout.readline())["name"] == "scan-2999.png"
        process.stdout.close()
        assert process.stderr.read() == b""
