"""`watcher doctor`: its lines, its JSON, and its exit codes."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from helpers.daemon import Workspace


@pytest.fixture(autouse=True)
def _threads(empty_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert empty_folder == Path.cwd()
    monkeypatch.setenv("WATCHER_WORKERS__EXECUTOR", "threads")


def test_it_prints_a_line_for_each_check_and_ends_well_where_nothing_is_wrong(
    watcher: Callable[..., Any], workspace: Workspace
) -> None:
    *lines, last = watcher("doctor").out.splitlines()
    checks = [line for line in lines if not line.startswith(" ")]
    assert {line.split()[0] for line in checks} <= {"ok", "warn"}
    settings = "there is no config.toml here; the defaults are used, WATCHER_WORKERS__EXECUTOR"
    assert checks[0] == f"ok    configuration    {settings}"
    assert f"ok    inbox            {workspace.inbox}" in checks
    assert last.startswith(f"{len(checks)} checks: 0 wrong, ")


def test_what_is_wrong_is_followed_by_what_to_do_and_ends_with_1(
    watcher: Callable[..., Any], workspace: Workspace
) -> None:
    workspace.database.write_bytes(b"once upon a time")
    lines = watcher("doctor", code=1).out.splitlines()
    wrong = [at for at, line in enumerate(lines) if line.startswith("wrong ")]
    assert wrong
    assert all(lines[at + 1].strip().startswith("→ ") for at in wrong)
    assert lines[-1].split(": ")[1].startswith(f"{len(wrong)} wrong")


def test_warnings_alone_do_not_fail(watcher: Callable[..., Any], empty_folder: Path) -> None:
    assert "0 wrong" in watcher("doctor").out
    assert list(empty_folder.iterdir()) == []


def test_as_json_it_is_one_object(watcher: Callable[..., Any], workspace: Workspace) -> None:
    workspace.database.unlink()
    (workspace.outbox / "3").rmdir()
    (workspace.outbox / "3").write_bytes(b"")
    said = json.loads(watcher("doctor", "--json", code=1).out)
    levels = [check["level"] for check in said["checks"]]
    assert (said["wrong"], said["warnings"]) == (levels.count("wrong"), levels.count("warn"))
    (outbox,) = [check for check in said["checks"] if check["what"] == "outbox"]
    assert outbox == {
        "level": "wrong",
        "what": "outbox",
        "figure": f"{workspace.outbox / '3'} is not a folder",
        "advice": "move it away, or give another folder in config.toml",
    }
