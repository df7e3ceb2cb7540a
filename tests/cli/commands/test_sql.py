"""`watcher sql`: any query, and no change."""

import csv
import io
import json
import signal
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from campaigns.processes import processor_seconds
from helpers.daemon import WATCHER, environment, piped, run
from helpers.sample_log import add, decision, write_log
from helpers.support import read_files, wait_until

from watcher.store.read_only import table_descriptions

Watcher = Callable[..., Any]
ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
TABLES = "`watcher sql --tables` lists tables and columns"


@pytest.fixture(autouse=True)
def log(empty_folder: Path) -> None:
    write_log(empty_folder / "watcher.db")


def test_the_answer_is_a_table_with_numbers_flush_right(watcher: Watcher) -> None:
    shown = watcher("sql", "SELECT name, certainty FROM results WHERE digit = 3 ORDER BY id").out
    lines = [line.rstrip() for line in shown.splitlines() if line.strip()]
    assert lines[0].split() == ["name", "certainty"]
    assert [line.split() for line in lines[2:]] == [["three.png", "0.97"], ["unsure.png", "0.6"]]
    assert len({len(line) for line in lines}) == 1 or lines[2].endswith("     0.97")


def test_views_are_asked_like_tables(watcher: Watcher) -> None:
    (line,) = watcher("sql", "--json", "SELECT name, reason FROM failures").out.splitlines()
    assert json.loads(line) == {"name": "broken.png", "reason": "because of broken.png"}


def test_lists_are_taken_apart_by_sqlite_s_functions(watcher: Watcher) -> None:
    question = "SELECT key FROM results, json_each(scores) WHERE results.id = 1 AND value = 1"
    assert json.loads(watcher("sql", "--json", question).out) == {"key": 7}


def test_csv_and_json_hold_whatever_sqlite_gives(watcher: Watcher) -> None:
    question = (
        "SELECT 1 AS a, NULL AS a, 9e999 AS b, x'00ff' AS c, name FROM results ORDER BY id DESC LIMIT 1"
    )
    (line,) = watcher("sql", "--format", "jsonl", question).out.splitlines()
    name = 'a\x1b[31m\u202eb\nc,"d"\\xff.png'
    assert json.loads(line) == {"a": 1, "a_2": None, "b": "inf", "c": "00ff", "name": name}
    rows = list(csv.reader(io.StringIO(watcher("sql", "--csv", question).out, newline="")))
    assert rows == [["a", "a", "b", "c", "name"], ["1", "", "inf", "00ff", name]]


def test_the_table_escapes_what_would_play_with_the_terminal(watcher: Watcher) -> None:
    shown = watcher("sql", "SELECT name, x'00ff' FROM results").out
    assert r'a\x1b[31m\u202eb\nc,"d"\xff.png' in shown
    assert "2 bytes" in shown
    assert not set("\x1b\u202e") & set(shown)


def test_a_table_ends_somewhere_and_says_so(watcher: Watcher, empty_folder: Path) -> None:
    add(empty_folder / "watcher.db", [decision(f"scan-{n}.png", 1, 1.0, "filed", 0) for n in range(1500)])
    shown = watcher("sql", "SELECT name FROM results")
    assert shown.err == "These are the first 1,000 rows; --csv and --json print all.\n"
    assert shown.out.count(".png") <= 1000
    assert watcher("sql", "SELECT name FROM results LIMIT 1000").err == ""
    assert len(watcher("sql", "--csv", "SELECT id FROM results").out.splitlines()) == 1506


def test_a_query_may_come_from_standard_input(empty_folder: Path) -> None:
    asked = "-- how many?\nSELECT count(*) AS n FROM results"
    assert run(empty_folder, "sql", "--csv", "-", typed=asked).stdout == "n\n5\n"


def test_it_tells_every_table_and_view_with_what_each_column_means(watcher: Watcher) -> None:
    shown = watcher("sql", "--tables").out
    words = " ".join(shown.split())
    assert {"results", "retried_results", "daily", "to_review"} <= {one.name for one in table_descriptions()}
    for one in table_descriptions():
        assert f"{one.name}: {one.meaning}" in words
        for name, kind, meaning in one.columns:
            assert f"{name} {kind} {meaning}" in words


def content(empty_folder: Path) -> dict[str, bytes]:
    """All files except those that SQLite also makes for readers."""
    files = read_files(empty_folder)
    return {name: files[name] for name in files if not name.endswith(("-wal", "-shm"))}


@pytest.mark.parametrize(
    ("question", "what"),
    [
        ("INSERT INTO results (name) VALUES ('x')", "changing results"),
        ("WITH old AS (SELECT 1) DELETE FROM results", "changing results"),
        ("UPDATE results SET digit = 1", "changing results"),
        ("EXPLAIN UPDATE results SET digit = 1", "changing results"),
        ("DROP TABLE results", "changing tables or views"),
        ("DROP VIEW daily", "changing tables or views"),
        ("CREATE TABLE mine (a)", "changing tables or views"),
        ("CREATE TEMP TABLE mine (a)", "changing tables or views"),
        ("CREATE VIRTUAL TABLE mine USING fts5 (a)", "changing tables or views"),
        ("REINDEX", "changing tables or views"),
        ("ANALYZE", "changing tables or views"),
        ("ATTACH 'other.db' AS other", "ATTACH or VACUUM"),
        ("VACUUM", "ATTACH or VACUUM"),
        ("VACUUM INTO 'copy.db'", "ATTACH or VACUUM"),
        ("DETACH main", "DETACH"),
        ("BEGIN IMMEDIATE", "a transaction of your own"),
        ("SAVEPOINT here", "a transaction of your own"),
        ("PRAGMA query_only = OFF", "PRAGMA query_only"),
        ("PRAGMA journal_mode = DELETE", "PRAGMA journal_mode"),
        ("PRAGMA wal_checkpoint(TRUNCATE)", "PRAGMA wal_checkpoint"),
        ("PRAGMA writable_schema = ON", "PRAGMA writable_schema"),
    ],
)
def test_anything_but_reading_is_refused(
    watcher: Watcher, empty_folder: Path, question: str, what: str
) -> None:
    before = content(empty_folder)
    refused = watcher("sql", question, code=1)
    assert refused.err == f"watcher: {what} is refused: a query can only read the log\n"
    assert refused.out == ""
    assert content(empty_folder) == before


def test_pragmas_that_only_read_are_answered(watcher: Watcher) -> None:
    assert watcher("sql", "--csv", "PRAGMA integrity_check").out == "integrity_check\nok\n"
    assert "\n1,name,TEXT," in watcher("sql", "--csv", "PRAGMA table_info(results)").out
    assert watcher("sql", "--csv", "SELECT name FROM pragma_table_info('daily') LIMIT 1").out == "name\nday\n"


def test_as_json_they_are_what_datasette_takes_for_its_descriptions(watcher: Watcher) -> None:
    tables = json.loads(watcher("sql", "--tables", "--json").out)
    assert list(tables) == [one.name for one in table_descriptions()]
    assert tables["daily"]["columns"]["files"] == "how many files were decided"
    assert tables["results"]["description"] == "the log: one row for each file that came"
    refused = watcher("sql", "--tables", "--csv", code=2).err
    assert "--tables has no CSV; leave --csv out, or give --json" in refused


@pytest.mark.parametrize(
    ("question", "why"),
    [
        ("SELCT 1", f'the SQL is wrong: near "SELCT": syntax error; {TABLES}'),
        ("SELECT * FROM reslts", f"the SQL is wrong: no such table: reslts; {TABLES}"),
        ("SELECT nme FROM results", f"the SQL is wrong: no such column: nme; {TABLES}"),
        (
            "SELECT 1; SELECT 2",
            f"the SQL is wrong: You can only execute one statement at a time.; {TABLES}",
        ),
        ("SELECT ?", "the SQL has parameters such as ? or :name; write values instead"),
        ("", f"this is not a query; {TABLES}"),
        ("/* nothing */", f"this is not a query; {TABLES}"),
        ("SELECT '\udcff'", "the SQL is wrong: it is not UTF-8"),
        ("SELECT abs(-9223372036854775808)", f"the SQL is wrong: integer overflow; {TABLES}"),
    ],
)
def test_wrong_sql_is_reported(watcher: Watcher, question: str, why: str) -> None:
    assert watcher("sql", question, code=1).err == f"watcher: {why}\n"


def test_without_a_query_it_says_how_to_give_one(watcher: Watcher) -> None:
    words = 'Error: give a query, such as `watcher sql "SELECT * FROM daily"`, or --tables'
    assert words in watcher("sql", code=2).err
    assert words in watcher("sql", "--tables", "SELECT 1", code=2).err


def test_without_a_database_it_says_what_makes_one(watcher: Watcher, empty_folder: Path) -> None:
    (empty_folder / "watcher.db").unlink()
    assert watcher("sql", "SELECT 1", code=1).err == (
        f"watcher: {empty_folder}/watcher.db: there is no database yet; `watcher run` makes it\n"
    )
    assert not (empty_folder / "watcher.db").exists()


def has_open(process: int, file: str) -> bool:
    with suppress(FileNotFoundError):
        return any(file in str(link.readlink()) for link in Path(f"/proc/{process}/fd").iterdir())
    return False


def test_ctrl_c_ends_an_endless_query(empty_folder: Path) -> None:
    with piped(empty_folder, "sql", f"{ENDLESS} SELECT max(i) FROM n") as (process, _, err):
        wait_until(lambda: has_open(process.pid, "watcher.db"), 60)
        begun = processor_seconds(process.pid)
        wait_until(lambda: processor_seconds(process.pid) > begun + 0.3, 60)  # by now it is at nothing else
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130
        assert err.read() == b""


def test_a_reader_that_has_enough_breaks_nothing(empty_folder: Path) -> None:
    with subprocess.Popen(
        [*WATCHER, "sql", "--csv", f"{ENDLESS} SELECT i FROM n"],
        cwd=empty_folder,
        env=environment({}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline() == b"i\n"
        process.stdout.close()
        assert process.stderr.read() == b""
