"""An older program's database: each command that upgrades it says so, and how to go back."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from helpers.older_databases import content, make_older
from structlog.testing import CapturingLogger

from watcher.config.load import load_config
from watcher.daemon.startup import open_and_log

Watcher = Callable[..., Any]


@pytest.fixture
def older(empty_folder: Path) -> Path:
    file = empty_folder / "watcher.db"
    make_older(file, "0002", rows=30)
    return file


WAY_BACK = (
    "stop the watcher, install the older one, remove the database with its -wal and -shm files, "
    "and rename the copy to the database's name"
)


@pytest.mark.parametrize("command", ["results", "references"])
def test_a_command_says_so_once(watcher: Watcher, older: Path, command: str) -> None:
    first = watcher(command, code=0)
    assert first.err == (
        f"The database was upgraded from schema 0002 to 0005. A copy of the old one is "
        f"{older}.backup-0002. To go back, {WAY_BACK}.\n"
    )
    assert watcher(command).err == ""


def test_the_daemon_says_so_in_its_log(older: Path) -> None:
    logger = CapturingLogger()
    open_and_log(load_config(None, {}), logger, lambda _done: None).close()
    (call,) = logger.calls
    assert (call.method_name, call.args) == ("warning", ("upgraded",))
    assert call.kwargs == {
        "database": str(older),
        "before": "0002",
        "after": "0005",
        "backup": f"{older}.backup-0002",
        "to_go_back": WAY_BACK,
    }


def test_the_doctor_says_what_the_next_start_will_do(watcher: Watcher, older: Path) -> None:
    before = content(older)
    shown = watcher("doctor", code=1).out  # its references are no pictures
    advice = "stop the older watcher; the next `watcher run`"
    assert re.search(rf"its schema is 0002, the newest is 0005\s+→ {advice}", shown)
    assert content(older) == before


def test_every_command_reports_an_upgrade() -> None:
    opening = sorted(
        file.name
        for file in (Path(__file__).parents[2] / "watcher" / "cli").rglob("*.py")
        if re.search(r"\bopen_(log|database)\b", file.read_text("utf-8"))
    )
    # The user's cache of first references is made by the program that opens it: there is no older one.
    assert opening == ["databases.py", "first_references.py"]
