"""What all commands have in common: help, --config, exit codes, and that help is fast."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from helpers.daemon import WATCHER, Workspace, environment, run

from watcher.cli import COMMANDS

WITHOUT_EXAMPLES = {"references", "retry"}
WITH_EXAMPLES = [name for name in COMMANDS if name not in WITHOUT_EXAMPLES]
WITHOUT_SETTINGS = {"init", "demo", "completion"}
READING_SETTINGS = [name for name in COMMANDS if name not in WITHOUT_SETTINGS]


def test_help_lists_every_command_with_its_summary(watcher: Callable[..., Any]) -> None:
    shown = watcher("--help").out
    for name, summary in COMMANDS.items():
        assert f" {name} {summary} " in " ".join(shown.split())
    assert "Examples:" in shown
    assert watcher("-h").out == shown
    assert watcher(code=2).err.split() == shown.split()


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_s_own_help_begins_with_that_summary(watcher: Callable[..., Any], name: str) -> None:
    shown = watcher(name, "--help").out
    usage, said = shown.split("\n\n", 1)
    assert usage.startswith(f"Usage: watcher {name}")
    assert " ".join(said.split()).startswith(COMMANDS[name].rstrip("."))
    assert "--config PATH" in shown or name in WITHOUT_SETTINGS
    assert watcher(name, "-h").out == shown
    if name in WITH_EXAMPLES:
        assert "Examples:\n    watcher" in shown


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_the_examples_in_the_help_are_shown_as_they_were_written(
    watcher: Callable[..., Any], name: str
) -> None:
    lines = watcher(name, "--help").out.partition("Examples:\n")[2].splitlines()
    assert lines
    assert all("watcher " in line and line.startswith("  ") for line in lines)


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_help_is_there_at_once_without_the_heavy_libraries(option: str) -> None:
    script = (
        "import sys\n"
        "from watcher.cli import main\n"
        f"sys.argv = ['watcher', {option!r}]\n"
        "try:\n    main()\n"
        "finally:\n    print(*sys.modules, file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment({}), capture_output=True, text=True, check=True
    )
    imported = set(done.stderr.split())
    assert "watcher.cli" in imported
    assert not imported & {"numpy", "cv2", "PIL", "alembic", "sqlalchemy", "pydantic", "rich", "structlog"}


def test_a_config_is_given_before_the_command_or_after_it(
    watcher: Callable[..., Any], empty_folder: Path
) -> None:
    Path("here").mkdir()
    for name in ("one", "two"):
        Path("here", f"{name}.toml").write_text(f'[database]\nurl = "sqlite:///{name}.db"\n')
    before = watcher("--config", "here/one.toml", "results", code=1).err
    assert str(empty_folder / "here" / "one.db") in before
    assert watcher("results", "--config", "here/one.toml", code=1).err == before
    both = watcher("--config", "here/one.toml", "results", "--config", "here/two.toml", code=1).err
    assert str(empty_folder / "here" / "two.db") in both


def test_without_a_config_the_current_folder_s_is_used_and_none_is_needed(
    watcher: Callable[..., Any], empty_folder: Path
) -> None:
    assert str(empty_folder / "watcher.db") in watcher("results", code=1).err
    Path("config.toml").write_text('[database]\nurl = "sqlite:///mine.db"\n')
    assert str(empty_folder / "mine.db") in watcher("results", code=1).err


def test_the_environment_overrides_the_config(
    watcher: Callable[..., Any], empty_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("config.toml").write_text('[database]\nurl = "sqlite:///mine.db"\n')
    monkeypatch.setenv("WATCHER_DATABASE__URL", "sqlite:///theirs.db")
    assert str(empty_folder / "theirs.db") in watcher("results", code=1).err


@pytest.mark.parametrize("name", READING_SETTINGS)
def test_every_fault_of_the_config_is_reported_on_a_line_of_its_own_with_exit_code_78(
    watcher: Callable[..., Any], empty_folder: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    Path("config.toml").write_text(
        '[inbox]\npath = "same"\nrecursive = "perhaps"\npoling = true\n'
        '[recognition]\nreview_below = 90\nrule = "nearst"\n[outbux]\npath = "x"\n'
    )
    monkeypatch.setenv("WATCHER_WORKERS__COUNT", "-3")
    needed = {"export": ["x.csv"], "config": ["check"]}
    needed |= {"prune": ["--older-than", "1y"], "report": ["--html", "x.html"]}
    needed |= {name: ["x"] for name in ("train", "classify", "evaluate")}
    arguments = needed.get(name, [])
    outcome = watcher(name, *arguments, code=78)
    assert outcome.out == ""
    lines = outcome.err.splitlines()
    assert all(line.startswith("watcher: ") for line in lines)
    for fault in ("recursive", "poling", "review_below", "nearst", "outbux", "WATCHER_WORKERS__COUNT"):
        assert sum(fault in line for line in lines) == 1, fault
    assert len(lines) == 6
    assert [path.name for path in empty_folder.iterdir()] == ["config.toml"]


def test_as_a_module_it_is_the_same_program(watcher: Callable[..., Any], tmp_path: Path) -> None:
    for arguments in (["--version"], ["--help"]):
        assert run(tmp_path, *arguments).stdout == watcher(*arguments).out
    assert re.match("watcher[ ,]", watcher("--version").out)


@pytest.mark.parametrize("arguments", [["results", "--csv"], ["references"]])
def test_a_reader_that_stops_early_gets_no_error(workspace: Workspace, arguments: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [*WATCHER, *arguments],
        cwd=workspace.path,
        env=environment({}),
        stdout=writer,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writer)
    assert done.stderr == b""
