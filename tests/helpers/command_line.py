"""Run commands in this process, which is fast, as the command line runs them."""

import sys
from collections.abc import Callable
from typing import NamedTuple

import pytest

from watcher.cli import main


class Outcome(NamedTuple):
    """A command's exit code and its output on both streams."""

    code: int
    out: str
    err: str


Watcher = Callable[..., Outcome]


@pytest.fixture
def watcher(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Watcher:
    """`watcher ARGUMENTS…` in the current folder; `code` is the exit code it must have."""

    def command(*arguments: object, code: int = 0) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["watcher", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main()
        outcome = Outcome(int(left.value.code or 0), *capsys.readouterr())
        assert outcome.code == code, outcome
        assert "Traceback" not in outcome.err
        return outcome

    return command
