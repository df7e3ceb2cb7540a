"""`watcher config` and `watcher init`: the settings they check, show and write."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

COMMITTED = Path(__file__).parents[3] / "config.toml"
Watcher = Callable[..., Any]


def test_what_init_writes_is_correct_and_changes_nothing(watcher: Watcher, empty_folder: Path) -> None:
    assert watcher("config", "check").out == "there is no config.toml here; the defaults are used\n"
    before = [setting[:2] for setting in shown(watcher)]
    written = watcher("init").out
    assert written.startswith("config.toml: written; ")
    assert Path("config.toml").read_bytes() == COMMITTED.read_bytes()
    assert watcher("config", "check").out == "config.toml: correct\n"
    assert [setting[:2] for setting in shown(watcher)] == before
    assert [path.name for path in empty_folder.iterdir()] == ["config.toml"]


def test_init_overwrites_nothing(watcher: Watcher, empty_folder: Path) -> None:
    Path("mine.toml").write_text("# mine")
    reported = watcher("init", "--config", "mine.toml", code=1).err
    assert reported == "watcher: mine.toml: it exists; it was not changed\n"
    assert Path("mine.toml").read_text() == "# mine"
    assert [path.name for path in empty_folder.iterdir()] == ["mine.toml"]
    assert watcher("--config", "no/where.toml", "init", code=1).err == (
        "watcher: no: No such file or directory\n"
    )


def test_check_reports_every_fault_and_its_line(watcher: Watcher, empty_folder: Path) -> None:
    (empty_folder / "my.toml").write_text("[log]\n\nlevel = 'loud'\n[inbox]\npth = 'x'\n")
    for arguments in (["config", "check", "--config", "my.toml"], ["config", "--config", "my.toml", "check"]):
        outcome = watcher(*arguments, code=78)
        assert outcome.out == ""
        assert outcome.err.splitlines() == [
            'watcher: my.toml:3: [log] level = "loud" must be one of "debug", "info", "warning", "error"',
            'watcher: my.toml:5: [inbox] pth is not a setting; did you mean "path"?',
        ]


def test_check_says_which_variables_override_the_file(
    watcher: Watcher, empty_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (empty_folder / "config.toml").touch()
    monkeypatch.setenv("WATCHER_LOG__LEVEL", "debug")
    assert watcher("config", "check").out.splitlines() == [
        "config.toml: correct",
        "WATCHER_LOG__LEVEL: correct; it overrides [log] level",
    ]


def test_show_says_where_each_value_comes_from(
    watcher: Watcher, empty_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (empty_folder / "config.toml").write_text('[inbox]\npath = "in"\n[log]\nlevel = "error"\n')
    monkeypatch.setenv("WATCHER_LOG__LEVEL", "debug")
    table = shown(watcher)
    assert ("[inbox] path", f'"{empty_folder}/in"', "config.toml:2") in table
    assert ("[log] level", '"debug"', "WATCHER_LOG__LEVEL") in table
    assert ("[workers] count", "0", "default") in table
    as_json = json.loads(watcher("config", "show", "--json").out)
    assert as_json["inbox"]["path"] == {"value": f"{empty_folder}/in", "from": "config.toml:2"}
    assert [
        (f"[{section}] {key}", json.dumps(reported["value"]), reported["from"])
        for section, keys in as_json.items()
        for key, reported in keys.items()
    ] == table


def test_the_schema_describes_every_setting(watcher: Watcher, empty_folder: Path) -> None:
    schema = json.loads(watcher("config", "schema").out)
    assert schema["additionalProperties"] is False
    assert "required" not in schema
    settings = json.loads(watcher("config", "show", "--json").out)
    for section, keys in settings.items():
        described = schema["$defs"][schema["properties"][section]["$ref"].rpartition("/")[2]]
        assert set(described["properties"]) == set(keys)
        assert all(one["description"] and "default" in one for one in described["properties"].values())
    assert list(empty_folder.iterdir()) == []


def shown(watcher: Watcher) -> list[tuple[str, ...]]:
    """The rows of the table that `watcher config show` prints."""
    lines = watcher("config", "show").out.splitlines()
    rows = [line.strip() for line in lines if line.strip().startswith("[")]
    return [tuple(cell.strip() for cell in row.split("  ") if cell.strip()) for row in rows]
