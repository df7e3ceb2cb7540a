"""The architecture holds: small modules, no import circle, packages in order, each thing in its one place."""

import ast
import graphlib
import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LONGEST_MODULE = 300
ORDER = (
    *("errors", "text", "resources"),
    *("recognition", "config", "folders", "store", "pen"),
    *("monitoring", "workers", "references"),
    "pipeline",
    *("maintenance", "report"),
    "daemon",
    "cli",
)
"""The packages, and the modules beside them: each may import those that stand before it."""
NOTHING_ELSE = {
    "watcher.recognition": {"watcher.errors"},
    "watcher.config": {"watcher.errors", "watcher.text"},
    "watcher.folders": {"watcher.errors", "watcher.text"},
    "watcher.store": {"watcher.errors", "watcher.text", "watcher.resources", "watcher.folders.locks"},
    "watcher.pen": set[str](),
    "watcher.workers": {"watcher.recognition", "watcher.config.settings", "watcher.errors"},
    "watcher.pipeline.decision": {"watcher.recognition.reading", "watcher.text"},
    "watcher.report.render": {"watcher.recognition", "watcher.text", "watcher.store.period_values"},
}
"""What some may import at the most, besides themselves."""
LOOSE = {"watcher", "watcher.__main__", "watcher.errors", "watcher.text", "watcher.resources"}
AT_THE_TOP = {
    *("watcher", "migrations", "tests", "docs", "images", "inbox", ".ci"),
    *("config.toml", "README.md", "pyproject.toml", "Makefile", "LICENSE", "CHANGELOG.md"),
    *("requirements.txt", "requirements-dev.txt", "requirements-bench.txt", "requirements-docs.txt"),
}
PACKAGE_INDEX = re.compile(rb"pypi\.org|python[h]osted\.|https?://\S+/simple\b|index-url[ =]+\S+://")


@cache
def modules() -> dict[str, Path]:
    """Every module of the program by its dotted name."""
    files = sorted((ROOT / "watcher").rglob("*.py"))
    return {
        ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): file
        for file in files
    }


@cache
def imports(module: str) -> frozenset[str]:
    """All that a module imports: at its top, inside functions and for types only; our own by module."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(modules()[module].read_bytes())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports relatively"
            assert node.module
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in modules() else node.module for name in names}
    return frozenset(found)


def test_the_modules_are_found_and_read() -> None:
    assert len(modules()) > 40
    assert "watcher.store.schema" in imports("watcher.store.database")
    assert "watcher.recognition.rules.nearest" in imports("watcher.recognition.rules")
    assert "alembic" in imports("watcher.store.database"), "also what is imported inside functions"


def test_no_module_is_long() -> None:
    files = [*modules().values(), *(ROOT / "migrations").rglob("*.py")]
    long = {
        str(file): lines
        for file in files
        if (lines := len(file.read_text("utf-8").splitlines())) > LONGEST_MODULE
    }
    assert long == {}


def test_no_circle_of_imports() -> None:
    graph = {module: imports(module) & modules().keys() for module in modules()}
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        pytest.fail(" → ".join(reversed(error.args[1])))


def below(module: str, whole: str) -> bool:
    return module == whole or module.startswith(whole + ".")


def imports_beyond(whole: str, allowed: set[str]) -> set[str]:
    """What modules of a package import of the program, but for themselves and what is allowed."""
    inside = [module for module in modules() if below(module, whole)]
    assert inside, f"there is no {whole}"
    return {
        f"{module} imports {imported}"
        for module in inside
        for imported in imports(module) & modules().keys()
        if imported != "watcher" and not any(below(imported, one) for one in {whole, *allowed})
    }


def test_each_package_has_its_place_in_the_order() -> None:
    packages = {module.split(".")[1] for module in modules() if module.count(".")}
    assert packages - {"__main__"} == set(ORDER)


def test_no_module_lies_loose_beside_the_packages() -> None:
    beside = {module for module, file in modules().items() if file.parent == ROOT / "watcher"}
    assert beside == LOOSE


@pytest.mark.parametrize("package", ORDER)
def test_each_package_imports_only_those_before_it(package: str) -> None:
    before = {f"watcher.{one}" for one in ORDER[: ORDER.index(package)]}
    assert imports_beyond(f"watcher.{package}", before) == set()


@pytest.mark.parametrize("part", NOTHING_ELSE)
def test_what_is_inside_knows_nothing_of_what_is_outside(part: str) -> None:
    assert imports_beyond(part, NOTHING_ELSE[part]) == set()


def test_all_the_sql_there_is_is_in_the_store() -> None:
    sql = {
        (module, imported)
        for module in modules()
        for imported in imports(module)
        if imported.split(".")[0] in {"sqlalchemy", "alembic", "sqlite3"}
        and not module.startswith("watcher.store.")
    }
    # The settings take a database's address apart; they open nothing.
    assert sql <= {
        ("watcher.config.settings", "sqlalchemy.engine"),
        ("watcher.config.settings", "sqlalchemy.exc"),
    }


MOVERS = {"rename", "renames", "replace", "link", "symlink", "unlink", "remove", "truncate"}


def moves(module: str) -> Iterator[str]:
    """The calls by which a module moves or removes files through `os` or `shutil.move`."""
    for node in ast.walk(ast.parse(modules()[module].read_bytes())):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            call = f"{node.value.id}.{node.attr}"
            if call == "shutil.move" or (node.value.id == "os" and node.attr in MOVERS):
                yield call


def test_all_the_moving_of_files_there_is_is_in_the_folders() -> None:
    assert {"os.link", "os.rename"} <= {
        call for module in modules() if module.startswith("watcher.folders.") for call in moves(module)
    }
    elsewhere = {
        module: calls
        for module in modules()
        if not module.startswith("watcher.folders.") and (calls := list(moves(module)))
    }
    assert elsewhere == {}


@pytest.fixture(scope="module")
def tracked() -> list[Path]:
    """The files of the repository."""
    if not (ROOT / ".git").exists() or not shutil.which("git"):
        pytest.skip("this is no checkout")
    command = ["git", "-C", str(ROOT), "-c", f"safe.directory={ROOT}", "ls-files", "-z"]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [Path(name) for name in listed.split("\0") if name]


def test_the_repository_holds_what_belongs_to_it_and_nothing_else(tracked: list[Path]) -> None:
    at_the_top = {file.parts[0] for file in tracked}
    assert {name for name in at_the_top if not name.startswith(".")} <= AT_THE_TOP
    assert [file for file in tracked if file.parts[0] == "inbox"] == [Path("inbox/.gitkeep")]


def test_no_file_names_a_package_index(tracked: list[Path]) -> None:
    files = [ROOT / file for file in tracked if file.parts[0] != "images"]
    naming = [file for file in files if file.is_file() and PACKAGE_INDEX.search(file.read_bytes())]
    assert naming == []
