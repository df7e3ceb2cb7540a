"""The tests mirror the tree: what tests a module is found by the module's path."""

from pathlib import Path

from mirror import OF_THE_WHOLE, TESTED_ELSEWHERE

TESTS = Path(__file__).parent
WATCHER = TESTS.parent / "watcher"
NO_MIRROR = {"campaigns", "benchmarks", "manual", "helpers"}
"""Folders of `tests/` that are about the whole program."""


def modules() -> set[str]:
    """The path of each module below `watcher/`."""
    files = {file.relative_to(WATCHER) for file in WATCHER.rglob("*.py")}
    return {str(file) for file in files if file.name != "__init__.py"}


def files_of_tests() -> set[str]:
    """The path of each file of tests below `tests/`."""
    files = {file.relative_to(TESTS) for file in TESTS.rglob("test_*.py")}
    return {str(file) for file in files if file.parts[0] not in NO_MIRROR}


def own_test(module: str) -> str:
    """Where the tests of a module belong; those of `__main__.py` in `test_main.py`."""
    path = Path(module)
    return str(path.with_name(f"test_{path.stem.strip('_')}.py"))


def test_both_trees_are_found() -> None:
    assert {"text.py", "store/sqlite/write_lock.py"} <= modules()
    assert own_test("store/sqlite/write_lock.py") == "store/sqlite/test_write_lock.py"
    assert own_test("store/sqlite/write_lock.py") in files_of_tests()


def test_each_module_has_tests_at_its_path_or_says_where_they_are() -> None:
    lost = {
        module for module in modules() if own_test(module) not in files_of_tests()
    } - TESTED_ELSEWHERE.keys()
    assert not lost, "write tests at their paths, or name in tests/mirror.py those that exercise them"


def test_what_is_said_to_be_tested_elsewhere_is_there_and_is() -> None:
    assert not TESTED_ELSEWHERE.keys() - modules(), "there are no such modules"
    assert not set(TESTED_ELSEWHERE.values()) - files_of_tests(), "there are no such tests"
    assert not {module for module in TESTED_ELSEWHERE if own_test(module) in files_of_tests()}, (
        "these have their own"
    )


def test_each_file_of_tests_mirrors_a_module_or_a_package_or_is_of_the_whole() -> None:
    packages = {str(file.parent.relative_to(WATCHER)) for file in WATCHER.rglob("__init__.py")}
    mirrored = {own_test(path) for path in modules() | {package for package in packages if package != "."}}
    assert not files_of_tests() - mirrored - OF_THE_WHOLE.keys(), "of which module are these?"
    assert not OF_THE_WHOLE.keys() - files_of_tests(), "there are no such tests"
    assert not OF_THE_WHOLE.keys() & mirrored, "these are found by their paths"
