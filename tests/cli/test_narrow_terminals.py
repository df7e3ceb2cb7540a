"""On a terminal of 80 columns every table fits, one line a row; on a wide one it has all its columns."""

import re
from pathlib import Path

import pytest
from helpers.daemon import Workspace, reference_picture
from helpers.sample_log import NOW, add, decision, write_log
from helpers.support import make_files
from helpers.terminal import on_terminal, widest

from watcher.store.timestamps import as_stamp

LONG = "a very long name of a scan from the machine in the cellar, number 17 of the 26th.png"
WIDE = "漢字" * 30 + ".png"
NAMES = (LONG, WIDE, "two\nlines \x1b[31m.png", "seven.png")


@pytest.fixture
def folder(workspace: Workspace) -> Path:
    """A log with odd names and long reasons, files in review/ and failed/, and something for fsck to say."""
    write_log(workspace.database)
    add(workspace.database, [decision(name, 7, 0.98, "filed", 0) for name in NAMES])
    add(workspace.database, [decision(f"review {LONG}", 3, 0.52, "review", 0)])
    make_files(workspace.outbox, {f"7/stranger, {LONG}": b"whose?"})
    make_files(workspace.path, {f"new/7_{name}": reference_picture(7) for name in NAMES})
    return workspace.path


DAILY = ("sql", "SELECT * FROM daily LIMIT 7")
COMMANDS = [
    ("results",),
    ("results", "--status", "review"),
    DAILY,
    ("sql", "SELECT * FROM results"),
    ("sql", "--tables"),
    ("status",),
    ("references",),
    ("doctor",),
    ("fsck",),
    ("classify", "new"),
    ("evaluate", "new"),
    ("config", "show"),
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_line_fits_into_80_columns(folder: Path, command: tuple[str, ...]) -> None:
    code, lines = on_terminal(80, folder, *command)
    assert code in {0, 1, 3}
    assert len(lines) > 2
    assert widest(lines) <= 80
    assert not any("Traceback" in line for line in lines)


def test_a_result_takes_one_line_and_what_has_no_room_is_named(folder: Path) -> None:
    _, lines = on_terminal(80, folder, "results", "--digit", "7", "--status", "filed")
    heading, _, *rows, note = lines
    assert heading.split()[:4] == ["id", "name", "digit", "certainty"]
    assert len([row for row in rows if " filed " in f"{row} "]) == len(rows) >= len(NAMES)
    assert note.startswith("(--wide shows all: ")
    assert any("…" in row and row.split("…")[1].split()[0].endswith(".png") for row in rows), (
        "the end is kept"
    )


def test_the_days_are_readable(folder: Path) -> None:
    _, lines = on_terminal(80, folder, *DAILY)
    assert lines[0].split()[:5] == ["day", "files", "filed", "review", "failed"]
    assert re.match(r"\d{4}-\d\d-\d\d +\d+ +\d+ +\d+ +\d+ ", lines[2])
    assert "filed_0" in lines[-1]


@pytest.mark.parametrize(("columns", "more"), [(80, ["--wide"]), (600, [])])
def test_every_column_is_there_when_asked_for_or_where_there_is_room(
    folder: Path, columns: int, more: list[str]
) -> None:
    _, lines = on_terminal(columns, folder, "results", *more)
    assert lines[0].split() == [
        *("id", "name", "digit", "certainty", "runner_up", "status", "destination", "decided_at", "reason")
    ]
    assert LONG in "\n".join(lines)
    assert as_stamp(NOW)[:19].replace("T", " ") in "\n".join(lines)
    _, lines = on_terminal(columns, folder, *DAILY, *more)
    assert lines[0].split()[-1] == "filed_9"
