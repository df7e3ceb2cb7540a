"""What every command does alike: suggestions, formats, empty answers, and Ctrl-C."""

import os
import pty
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
from helpers.daemon import WATCHER, Workspace, environment
from helpers.sample_log import write_log
from helpers.support import wait_until

from watcher.store.database import open_database

Watcher = Callable[..., Any]
ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"


@pytest.mark.usefixtures("empty_folder")
@pytest.mark.parametrize(
    ("typed", "meant"), [("stats", "status"), ("reslts", "results"), ("trian", "train"), ("fsk", "fsck")]
)
def test_a_misspelled_command_is_met_with_a_suggestion(watcher: Watcher, typed: str, meant: str) -> None:
    assert f'No such command "{typed}"; did you mean "{meant}"?' in watcher(typed, code=2).err


@pytest.mark.usefixtures("empty_folder")
def test_what_resembles_no_command_is_met_with_none(watcher: Watcher) -> None:
    told = watcher("xyzzy\x1b[31m", code=2).err
    assert r'No such command "xyzzy\x1b[31m"' in told
    assert "did you mean" not in told


@pytest.mark.parametrize("command", [["results"], ["sql", "SELECT 1"]])
@pytest.mark.parametrize("formats", ["--json --csv", "--csv --format jsonl", "--format table --json"])
def test_two_formats_at_once_are_a_wrong_use(
    watcher: Watcher, empty_folder: Path, command: list[str], formats: str
) -> None:
    write_log(empty_folder / "watcher.db")
    outcome = watcher(*command, *formats.split(), code=2)
    assert outcome.out == ""
    assert "give one format" in outcome.err
    watcher(*command, "--json", "--format", "jsonl")


def test_an_empty_answer_says_so_in_a_line(watcher: Watcher, empty_folder: Path) -> None:
    open_database(empty_folder / "watcher.db").close()
    assert watcher("results").out == "The log has no rows yet.\n"
    assert watcher("results", "--digit", 3).out == "No row of the log matches.\n"
    assert watcher("sql", "SELECT * FROM daily").out == "The answer has no rows.\n"
    assert watcher("references").out.startswith("There are no references in use")
    assert watcher("results", "--json").out == ""
    assert len(watcher("results", "--csv").out.splitlines()) == 1


def asleep(pid: int) -> bool:
    """Whether a process sleeps each time that it is looked at: it waits for something."""
    stats = (Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] for _ in range(1000))
    return all(state == "S" for state in stats)


def test_ctrl_c_at_a_question_removes_nothing(workspace: Workspace) -> None:
    write_log(workspace.database)
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*WATCHER, "prune", "--older-than", "1s"],
        cwd=workspace.path,
        env=environment({}),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        shown = b""
        while b"[y/N]" not in shown:
            shown += os.read(ours, 1000)
        wait_until(lambda: asleep(process.pid), 60)  # by now it waits for the answer
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
    assert os.read(ours, 1000).strip() == b""
    os.close(ours)
    assert len(workspace.rows()) == 5


def test_ctrl_c_while_a_command_is_imported_ends_it_too(
    watcher: Watcher, empty_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del empty_folder

    def interrupt(*_: object) -> click.Command:
        raise KeyboardInterrupt

    monkeypatch.setattr("importlib.import_module", interrupt)
    assert watcher("status", code=130).err == ""
