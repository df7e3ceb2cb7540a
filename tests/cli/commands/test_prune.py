"""`watcher prune`: old rows leave the log, no file moves, and fsck still knows every file."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from helpers.daemon import Workspace, reference_picture, run
from helpers.fsck_scenario import FILED, FsckScenario
from helpers.open_workspace import open_workspace
from helpers.support import make_files, traces

from watcher.cli.moments import moment
from watcher.store.database import open_database, open_log
from watcher.store.pruning import IDS_AT_ONCE, prunable, prune
from watcher.store.requeued import RequeuedResults

Watcher = Callable[..., Any]
LONG_AGO = "2020-02-03T04:05:06.000000Z"
BEFORE = "2021-01-01T00:00:00.000000Z"


@pytest.fixture
def workspace(empty_folder: Path) -> Workspace:
    """FILED, all filed long ago except doubt.png, and one file that is not filed yet."""
    with open_workspace(empty_folder) as (workspace, database, flusher):
        scenario = FsckScenario(workspace, database, flusher)
        scenario.file(FILED)
        scenario.file({"six.png": b"6"}, until="mark_filed")
    change(workspace, "UPDATE results SET filed_at = ? WHERE id NOT IN (4, 6)", LONG_AGO)
    change(workspace, "UPDATE results SET arrived_at = ?, decided_at = ?", LONG_AGO, LONG_AGO)
    return workspace


def change(workspace: Workspace, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(workspace.database)) as connection, connection:
        connection.execute(statement, values)


def outside(workspace: Workspace) -> dict[str, tuple[int, int, int]]:
    """Every file of the inbox and the outbox."""
    return traces(workspace.inbox) | traces(workspace.outbox)


def test_old_rows_go_and_no_file_is_touched(watcher: Watcher, workspace: Workspace) -> None:
    before = outside(workspace)
    done = watcher("prune", "--older-than", "1y", "--yes")
    day = moment("1y", datetime.now(UTC)).date()
    assert done.out == (
        f"4 rows of files that were filed before {day}, the oldest on 2020-02-03\n4 rows removed\n"
    )
    assert [row["id"] for row in workspace.rows()] == [4, 6], "what is not filed yet stays, however old"
    assert outside(workspace) == before


def test_a_dry_run_says_so_and_removes_nothing(watcher: Watcher, workspace: Workspace) -> None:
    before, rows = outside(workspace), workspace.rows()
    shown = watcher("prune", "--older-than", "12m", "--dry-run").out
    day = moment("12m", datetime.now(UTC)).date()
    assert shown == (
        f"4 rows of files that were filed before {day}, the oldest on 2020-02-03 would be removed\n"
    )
    assert (outside(workspace), workspace.rows()) == (before, rows)


@pytest.mark.parametrize("answer", ["y\n", "n\n", ""])
def test_it_asks_first(workspace: Workspace, answer: str) -> None:
    agreed = answer == "y\n"
    done = run(workspace.path, "prune", "--older-than", "52w", typed=answer, code=0 if agreed else 1)
    assert "Remove them from the log for good? [y/N]: " in done.stdout
    assert len(workspace.rows()) == (2 if agreed else 6)
    assert "Aborted" not in done.stderr
    assert agreed or "othing was removed" in done.stdout + done.stderr


def test_where_nothing_is_old_it_says_so_and_does_not_ask(watcher: Watcher, workspace: Workspace) -> None:
    day = moment("90y", datetime.now(UTC)).date()
    assert watcher("prune", "--older-than", "90y").out == f"Nothing was filed before {day}\n"
    assert len(workspace.rows()) == 6


def test_the_rows_of_requeued_files_go_once_these_were_put_back(
    watcher: Watcher, workspace: Workspace
) -> None:
    with closing(open_database(workspace.database)) as database:
        RequeuedResults(database).begin([5])
    assert "rows of files that were put back" not in watcher("prune", "--older-than", "1y", "--dry-run").out
    change(workspace, "UPDATE retried_results SET put_back_at = ?", LONG_AGO)
    done = watcher("prune", "--older-than", "1y", "--yes").out
    assert "; 1 row of files that were put back before then\n4 rows removed\n" in done
    with closing(sqlite3.connect(workspace.database)) as connection:
        assert connection.execute("SELECT count(*) FROM retried_results").fetchone() == (0,)


def test_rows_of_unreadable_files_are_kept_and_counted(watcher: Watcher, workspace: Workspace) -> None:
    change(workspace, "UPDATE results SET sha256 = NULL WHERE id = 5")
    shown = watcher("prune", "--older-than", "1y", "--yes").out
    assert "; kept: 1 older row of files that could not be read\n3 rows removed\n" in shown
    assert [row["id"] for row in workspace.rows()] == [4, 5, 6]


@pytest.mark.parametrize("age", ["1", "y", "0d", "-1y", "1M", "1.5y", "9999y", "1y2m", ""])
def test_an_invalid_age_is_refused(watcher: Watcher, workspace: Workspace, age: str) -> None:
    refused = watcher("prune", f"--older-than={age}", "--yes", code=2).err
    assert f"{age!r} is not a time; write an age (90min, 24h, 7d, 2w, 6m for months, 1y)" in " ".join(
        refused.split()
    )
    assert len(workspace.rows()) == 6


@pytest.mark.parametrize(
    ("age", "day"),
    [
        ("1d", "2024-02-28"),
        ("2w", "2024-02-15"),
        ("1m", "2024-01-29"),
        ("12m", "2023-02-28"),
        ("1y", "2023-02-28"),
        ("4y", "2020-02-29"),
    ],
)
def test_months_and_years_are_those_of_the_calendar(age: str, day: str) -> None:
    assert moment(age, datetime(2024, 2, 29, 12, tzinfo=UTC)).date().isoformat() == day


def test_without_a_log_there_is_nothing_to_prune(watcher: Watcher, empty_folder: Path) -> None:
    assert "there is no database yet" in watcher("prune", "--older-than", "1y", code=1).err
    assert list(empty_folder.iterdir()) == []


def test_fsck_knows_the_files_whose_rows_were_pruned(watcher: Watcher, workspace: Workspace) -> None:
    watcher("prune", "--older-than", "1y", "--yes")
    (workspace.outbox / "7/seven.png").rename(workspace.outbox / "1/moved by a person.png")
    make_files(workspace.outbox, {"7/stranger.png": b"whose?"})
    lines = watcher("fsck", code=1).out.splitlines()
    assert "note  pruned       4 files whose rows `watcher prune` removed" in lines
    assert [line.split()[1:3] for line in lines if line.startswith("fault")] == [
        ["half", "filed"],
        ["unrecorded", "7/stranger.png"],
    ], "neither the pruned files nor the reason beside one of them"


def test_repair_leaves_them_where_they_are(watcher: Watcher, workspace: Workspace) -> None:
    watcher("prune", "--older-than", "1y", "--yes")
    before = {path for path in workspace.outbox.rglob("*") if path.is_file()}
    watcher("fsck", "--repair")
    assert {path for path in workspace.outbox.rglob("*") if path.is_file()} == before
    assert "0 faults" in watcher("fsck").out


def test_a_file_that_comes_again_gets_a_row_again(watcher: Watcher, workspace: Workspace) -> None:
    watcher("prune", "--older-than", "1y", "--yes")
    watcher("fsck", "--repair")
    (workspace.outbox / "7/seven.png").rename(workspace.inbox / "again.png")
    references = {f"images/{digit}_0.jpg": reference_picture(digit) for digit in range(10)}
    make_files(workspace.path, dict(references))
    run(workspace.path, "run", "--once", workers__executor="threads")
    row = workspace.row("again.png")
    assert row
    assert (row["status"], row["id"]) == ("failed", 7)
    assert not watcher("fsck").out.startswith("fault")


def test_others_write_between_two_steps_and_a_kill_leaves_whole_steps(workspace: Workspace) -> None:
    count = 3 * IDS_AT_ONCE
    columns = "name, sha256, status, destination, arrived_at, decided_at, filed_at, claim"
    change(
        workspace,
        f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) "
        f"INSERT INTO results ({columns}) "
        "SELECT 'n', printf('%064x', i), 'filed', '1/n', ?1, ?1, ?1, 'c' || i FROM n",
        LONG_AGO,
    )
    with closing(open_log(workspace.database)) as log:
        found = prunable(log, BEFORE)
    assert found.count == count + 4
    with closing(open_database(workspace.database)) as database:
        steps = prune(database, found)
        gone = next(steps)
        assert 0 < gone <= IDS_AT_ONCE
        change(workspace, "UPDATE results SET name = 'written meanwhile' WHERE id = 4")
        assert workspace.recorded() == 6 + count - gone
        assert gone + sum(steps) == count + 4
    assert [row["name"] for row in workspace.rows()] == ["written meanwhile", "six.png"]
    with closing(sqlite3.connect(workspace.database)) as connection:
        assert connection.execute("SELECT count(*) FROM pruned_results").fetchone() == (count + 4,)
