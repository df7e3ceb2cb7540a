"""`watcher export`: the log in a file, whole or not at all."""

import csv
import json
import os
import pty
import signal
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from helpers.daemon import environment, start
from helpers.sample_log import HOSTILE_TEXT, add, decision, write_log
from helpers.support import read_files

from watcher.store.results import COLUMNS
from watcher.store.schema import results

Watcher = Callable[..., Any]


@pytest.fixture(autouse=True)
def log(empty_folder: Path) -> None:
    write_log(empty_folder / "watcher.db")


def others(empty_folder: Path) -> set[str]:
    """The files in the folder, except the database and its own files."""
    return {name for name in read_files(empty_folder) if not name.startswith("watcher.db")}


def names(lines: str) -> list[str]:
    return [json.loads(line)["name"] for line in lines.splitlines()]


def test_json_lines_are_those_that_results_prints(watcher: Watcher, empty_folder: Path) -> None:
    done = watcher("export", "log.jsonl")
    assert (done.out, done.err) == ("", "5 rows in log.jsonl\n")
    assert Path("log.jsonl").read_text("utf-8") == watcher("results", "--json").out
    assert names(Path("log.jsonl").read_text("utf-8"))[0] == HOSTILE_TEXT
    assert others(empty_folder) == {"log.jsonl"}


def test_csv_is_that_which_results_prints(watcher: Watcher) -> None:
    watcher("export", "log.CSV")
    assert Path("log.CSV").read_bytes().decode() == watcher("results", "--csv").out
    with Path("log.CSV").open(encoding="utf-8", newline="") as file:
        assert next(csv.DictReader(file))["name"] == HOSTILE_TEXT


@pytest.mark.parametrize(
    "arguments", ["--digit 3", "--status review", "--since 24h --until 5h", "--above 0.95", "--name *e*.png"]
)
def test_its_filters_are_those_of_results(watcher: Watcher, arguments: str) -> None:
    watcher("export", "some.txt", "--format", "jsonl", *arguments.split())
    given = names(Path("some.txt").read_text("utf-8"))
    assert given == names(watcher("results", "--json", *arguments.split()).out)
    assert 0 < len(given) < 5


def test_nothing_found_is_a_file_without_rows(watcher: Watcher) -> None:
    assert watcher("export", "none.csv", "--until", "2001-01-01").err == "0 rows in none.csv\n"
    assert Path("none.csv").read_text() == ",".join(COLUMNS) + "\n"


def test_parquet_holds_times_as_times_and_says_what_columns_mean(watcher: Watcher) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow, of watcher[parquet], is not installed")
    watcher("export", "log.parquet")
    table = parquet.read_table("log.parquet")
    assert table.column_names == list(COLUMNS)
    lines = [json.loads(line) for line in watcher("results", "--json").out.splitlines()]
    for row, line in zip(table.to_pylist(), lines, strict=True):
        for name in ("arrived_at", "decided_at", "filed_at"):
            assert row[name] == (line[name] and datetime.fromisoformat(line[name]))
        assert {k: v for k, v in row.items() if k[-3:] != "_at"} == {
            k: v for k, v in line.items() if k[-3:] != "_at"
        }
    assert table.schema.field("filed_at").type.tz == "UTC"
    assert table.schema.field("scores").metadata[b"description"].decode() == results.c.scores.comment


def test_parquet_of_many_rows_comes_in_groups(watcher: Watcher, empty_folder: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow, of watcher[parquet], is not installed")
    many = [decision(f"scan-{n}.png", n % 10, 1.0, "filed", 0) for n in range(20_000)]
    add(empty_folder / "watcher.db", many)
    watcher("export", "log.parquet")
    with parquet.ParquetFile("log.parquet") as file:
        assert (file.metadata.num_rows, file.metadata.num_row_groups) == (20_005, 2)


def test_parquet_without_pyarrow_says_what_to_install(
    watcher: Watcher, empty_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    assert watcher("export", "log.parquet", code=1).err == (
        "watcher: Parquet needs pyarrow, which is not installed; run `pip install 'watcher[parquet]'`, "
        "or give a name that ends in .csv or .jsonl\n"
    )
    assert others(empty_folder) == set()


def test_an_unknown_ending_is_refused(watcher: Watcher, empty_folder: Path) -> None:
    for name in ("log.xlsx", "log", "-"):
        assert (
            f"Error: {name}: end the name in .csv, .jsonl or .parquet, or give --format; "
            "to print the log, use `watcher results --csv`\n"
        ) in watcher("export", name, code=2).err
    assert others(empty_folder) == set()


def test_a_file_that_exists_is_replaced_only_if_asked_to(watcher: Watcher) -> None:
    Path("log.csv").write_text("mine")
    assert watcher("export", "log.csv", code=1).err == (
        "watcher: log.csv: it exists; choose another name, or replace it with --force\n"
    )
    assert Path("log.csv").read_text() == "mine"
    watcher("export", "log.csv", "--force")
    assert Path("log.csv").read_text().startswith("id,name,")


def test_a_place_where_nothing_can_be_written_is_reported(watcher: Watcher, empty_folder: Path) -> None:
    Path("folder.csv").mkdir()
    assert watcher("export", "folder.csv", code=1).err == (
        "watcher: folder.csv: it is a folder; give the name of a file\n"
    )
    assert watcher("export", "nowhere/log.csv", code=1).err == (
        "watcher: nowhere/log.csv: the log cannot be exported there: "
        f"{empty_folder}/nowhere: No such file or directory\n"
    )
    assert watcher("export", "/dev/null", "--format", "csv", "--force", code=1).err == (
        "watcher: /dev/null: it is not a regular file; choose another name\n"
    )
    assert others(empty_folder) == set()


def test_a_file_that_another_program_makes_meanwhile_is_not_changed(
    watcher: Watcher, empty_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def and_another(*_: object) -> None:
        Path("log.csv").write_text("theirs")

    monkeypatch.setattr("watcher.cli.commands.export.write_csv", and_another)
    assert watcher("export", "log.csv", code=1).err == (
        "watcher: log.csv: another program made it meanwhile; it was not changed\n"
    )
    assert Path("log.csv").read_text() == "theirs"
    assert others(empty_folder) == {"log.csv"}


def test_a_disk_that_is_full_leaves_nothing_behind(
    watcher: Watcher, empty_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("watcher.cli.commands.export.write_csv", full)
    assert watcher("export", "log.csv", code=1).err == (
        "watcher: log.csv: the log cannot be exported there: No space left on device\n"
    )
    assert others(empty_folder) == set()


def test_without_a_log_there_is_nothing_to_export(watcher: Watcher, empty_folder: Path) -> None:
    (empty_folder / "watcher.db").unlink()
    assert "there is no database yet; `watcher run` makes it" in watcher("export", "log.csv", code=1).err
    assert others(empty_folder) == set()


def test_on_a_terminal_it_shows_how_far_it_is_and_ctrl_c_leaves_nothing(empty_folder: Path) -> None:
    many = [decision(f"scan-{n}.png", n % 10, 1.0, "filed", 0) for n in range(20_000)]
    add(empty_folder / "watcher.db", many)
    leader, follower = pty.openpty()
    with Path(os.devnull).open("r+") as nothing, os.fdopen(follower, "wb", 0) as terminal:
        process = start(
            empty_folder,
            "export",
            "log.jsonl",
            streams=(nothing, nothing, terminal),
            variables=environment({}) | {"TERM": "xterm", "COLUMNS": "100"},
        )
    shown = b""
    try:
        while b"20005" not in shown:
            shown += os.read(leader, 1000)
        assert b"exporting" in shown
        process.send_signal(signal.SIGINT)
        code = process.wait(10)
    finally:
        process.kill()
    os.close(leader)
    assert others(empty_folder) == ({"log.jsonl"} if code == 0 else set())
