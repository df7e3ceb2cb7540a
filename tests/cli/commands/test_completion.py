"""Shell completion, as each shell requests it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from helpers.daemon import ROOT, environment, preload
from manual.shell import CLIENT

from watcher.cli import COMMANDS

BASH = """
eval "$(watcher completion bash)"
COMP_WORDS=(watcher "$@"); COMP_CWORD=$#
_watcher_completion watcher
printf '%s\\n' "${COMPREPLY[@]}"
"""
ZSH = """
autoload -Uz compinit && compinit -u -D
eval "$(watcher completion zsh)"
_describe() { print -l -- "${(@P)3}" }
compadd() { print -l -- "${(@P)@[-1]}" }
words=(watcher "$@"); CURRENT=$(($# + 1))
_watcher_completion
"""
FISH = """
watcher completion fish | source
complete --do-complete "watcher $argv"
"""
SHELLS = {
    "bash": ["bash", "--norc", "--noprofile", "-c", BASH, "bash"],
    "zsh": ["zsh", "-f", "-c", ZSH, "zsh"],
    "fish": ["fish", "--no-config", "-c", FISH],
}


@pytest.fixture
def path(tmp_path: Path) -> str:
    """A PATH on which `watcher` is this one."""
    program = tmp_path / "bin" / "watcher"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -IS {CLIENT} {preload().address} watcher "$@"\n')
    program.chmod(0o755)
    return f"{program.parent}:{os.environ['PATH']}"


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        (["re"], {name for name in COMMANDS if name.startswith("re")}),
        (["config", ""], {"check", "schema", "show"}),
        (["results", "--stat"], {"--status"}),
        (["results", "--status", "f"], {"filed", "failed"}),
    ],
    ids=["a command", "its part", "an option", "its value"],
)
def test_what_is_begun_is_completed(
    tmp_path: Path, path: str, shell: str, typed: list[str], offered: set[str]
) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell} here")
    words = [" ".join(typed)] if shell == "fish" else typed
    done = subprocess.run(
        [*SHELLS[shell], *words],
        cwd=tmp_path,
        env=environment({}) | {"PATH": path, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stderr == ""
    # A shell that shows what each means has it after a colon or a tab.
    found = {line.split("\t")[0].split(":")[0] for line in done.stdout.splitlines()}
    assert found == offered


def test_completing_commands_imports_none(tmp_path: Path) -> None:
    script = (
        "import sys\n"
        "from watcher.cli import main\n"
        "try:\n    main()\n"
        "finally:\n    print(*sys.modules, file=sys.stderr)\n"
    )
    asked = {"_WATCHER_COMPLETE": "bash_complete", "COMP_WORDS": "watcher ", "COMP_CWORD": "1"}
    done = subprocess.run(
        [sys.executable, "-c", script, "watcher"],
        cwd=tmp_path,
        env=environment({}) | asked | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert {line.removeprefix("plain,") for line in done.stdout.splitlines()} == set(COMMANDS)
    assert not {"numpy", "sqlalchemy", "pydantic", "watcher.cli.commands.run"} & set(done.stderr.split())


def test_another_shell_is_refused_with_those_there_are(watcher: Callable[..., Any]) -> None:
    assert "'tcsh' is not one of 'bash', 'zsh', 'fish'" in watcher("completion", "tcsh", code=2).err
