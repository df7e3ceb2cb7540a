"""Every command, program and message in the README is tried, in its order, as a newcomer would."""

import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")

SQLITE3 = """\
import sqlite3, sys
for row in sqlite3.connect(sys.argv[1]).execute(sys.argv[2]):
    print("|".join("" if value is None else str(value) for value in row))
"""


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def commands() -> list[tuple[str, list[str]]]:
    """Each command of the console blocks, in order, with the output that is shown below it."""
    found: list[tuple[str, list[str]]] = []
    for line in "".join(blocks("console")).splitlines():
        if line.startswith("$ "):
            found.append((line[2:].split("  #")[0].strip(), []))
        else:
            found[-1][1].append(line)
    return found


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as a newcomer has it after `make run`, with the programs of the README on the path."""
    folder = tmp_path_factory.mktemp("checkout")
    shutil.copytree(ROOT / "images", folder / "images")
    shutil.copy(ROOT / "config.toml", folder)
    (folder / "inbox").mkdir()
    programs = folder / ".venv" / "bin"
    programs.mkdir(parents=True)
    shims = {"python": f'exec {sys.executable} "$@"', "watcher": f'exec {sys.executable} -m watcher "$@"'}
    if shutil.which("sqlite3") is None:
        (folder / ".venv" / "sqlite3.py").write_text(SQLITE3)
        shims["sqlite3"] = f'exec {sys.executable} {folder}/.venv/sqlite3.py "$@"'
    for name, line in shims.items():
        (programs / name).write_text(f"#!/bin/sh\n{line}\n")
        (programs / name).chmod(0o755)
    return folder


def environment(folder: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WATCHER_")}
    path = f"{folder}/.venv/bin:{kept['PATH']}"
    return kept | {"PATH": path, "PYTHONPATH": str(ROOT), "COLUMNS": "150"}


def run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=folder,
        env=environment(folder),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_its_commands_do_what_it_says(checkout: Path) -> None:
    tried = []
    for command, shown in commands():
        if command.startswith(("make ", ". ")):
            continue
        done = run(command, checkout)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        assert "Traceback" not in done.stderr
        if shown:
            assert done.stdout.splitlines() == shown, command
        tried.append(command)
    assert len(tried) >= 15
    drawn = {path.name for path in (checkout / "drawn").iterdir()}
    sorted_ = {path.name for path in (checkout / "outbox").rglob("*.jpg")}
    assert sorted_ == drawn, "what was dropped lies in the outbox"
    assert not list((checkout / "inbox").glob("*.jpg"))


def test_its_queries_answer_something(checkout: Path) -> None:
    queries = [command for command, _ in commands() if command.startswith(("sqlite3 ", "watcher sql "))]
    assert len(queries) == 5
    answers = [run(query, checkout).stdout for query in queries]
    assert sum(bool(answer) for answer in answers) >= 3, "nothing failed, and perhaps nothing went to review"


def test_its_program_prints_what_it_says(checkout: Path) -> None:
    (program,) = blocks("python")
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=checkout,
        env=environment(checkout),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.splitlines() == re.findall(r"^print\(.*\)  # (.*)$", program, re.MULTILINE)


def test_its_two_commands_exist() -> None:
    for target in ("run", "test"):
        assert f"$ make {target} " in README
        subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, check=True)


def test_its_faulty_settings_are_told_as_it_shows(checkout: Path) -> None:
    (shown,) = [block for block in blocks("text") if "did you mean" in block]
    config = """\
        [inbox]
        pollng = true
        [recognition]
        review_below = 1.5
    """
    (checkout / "faulty").mkdir()
    (checkout / "faulty" / "config.toml").write_text(textwrap.dedent(config))
    done = run("cd faulty && watcher run", checkout)
    assert (done.returncode, done.stderr) == (78, shown)


def test_its_settings_have_the_defaults_it_says() -> None:
    rows = re.findall(r"^\| `\[(\w+)\] (\w+)` \| `(.*?)` \|", README, re.MULTILINE)
    assert len(rows) == 10
    written = (ROOT / "config.toml").read_text("utf-8")
    for section, key, default in rows:
        body = written.split(f"[{section}]", 1)[1].split("\n[", 1)[0]
        assert f"{key} = {default} " in re.sub(" +", " ", body) + " ", f"[{section}] {key}"


def test_it_shows_events_as_they_are_written(checkout: Path) -> None:
    (checkout / "inbox" / "notes.txt").write_text("hello")
    done = run("watcher run --once", checkout)
    events = [json.loads(line) for line in done.stdout.splitlines()]
    (picture,) = [event for event in events if event["event"] == "picture"]
    shown = next(line for line in README.splitlines() if "name=notes.txt" in line)
    for key in ("name", "status", "reason", "destination"):
        value = picture[key]
        assert f"{key}={value}" in shown or f"{key}={value!r}" in shown
