"""The page on contributing is true of the tree: files, names, packages, targets and paths that it names."""

import ast
import re

import pytest
from manual.pages import ROOT, Page

PAGE = Page(ROOT / "docs" / "contributing.md")
TABLE = PAGE.text.split("## Where would you")[1].split("\n## ")[0]
LOOK_FOR = re.findall(r"^\| (.+?) \| `(watcher/[^`]+\.py)` \| (?:`(\w+)` )?\|$", TABLE, re.MULTILINE)
COMMANDS = [command.line for command in PAGE.commands]


def defined(source: str) -> set[str]:
    """The classes, functions and constants at the top of a module."""
    names: set[str] = set()
    for node in ast.parse(source).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
    return names


def test_every_row_of_the_table_is_read() -> None:
    rows = [line for line in TABLE.splitlines() if line.startswith("| ")]
    assert len(rows) - 1 == len(LOOK_FOR) >= 20


@pytest.mark.parametrize(("behavior", "file", "name"), LOOK_FOR, ids=[file for _, file, _ in LOOK_FOR])
def test_each_behavior_is_where_the_table_says(behavior: str, file: str, name: str) -> None:
    assert (ROOT / file).is_file(), f"{behavior}: there is no {file}"
    if name:
        assert name in defined((ROOT / file).read_text("utf-8")), f"{behavior}: {file} has no {name}"


def test_every_package_is_in_the_table_once() -> None:
    packages = sorted(file.parent.name for file in (ROOT / "watcher").glob("*/__init__.py"))
    assert sorted(re.findall(r"^\| `watcher/(\w+)/` \|", PAGE.text, re.MULTILINE)) == packages


@pytest.mark.parametrize("command", COMMANDS)
def test_its_commands_name_what_is_there(command: str) -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    if command.startswith("make "):
        assert command.split()[1] in targets
    for path in re.findall(r"(?:tests|\.ci)/\S+", command):
        assert (ROOT / path).exists(), path
