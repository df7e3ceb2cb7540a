"""`watcher demo`: what it shows is what happens."""

import re
import shutil
import signal
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from helpers.daemon import Workspace, descendants, is_alive, piped, run
from helpers.support import wait_until

from watcher.cli import COMMANDS, demonstration
from watcher.cli.demonstration import demonstrating, samples
from watcher.errors import WatcherError


@pytest.fixture
def aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary folders are made."""
    folder = tmp_path / "aside"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


def test_what_is_shown_is_what_happened_and_is_kept_where_it_says(empty_folder: Path, aside: Path) -> None:
    shown = run(empty_folder, "demo", "--keep").stdout
    [folder] = aside.iterdir()
    workspace = Workspace(folder)
    lines = [line.split(maxsplit=4) for line in shown.splitlines() if " -> " in line]
    assert [line[0] for line in lines] == [name for name, _ in samples()]
    assert [line[2].removeprefix("outbox/") for line in lines] == [
        row["destination"] for row in workspace.rows()
    ]
    workspace.audit((name, content) for name, content in samples())
    assert {row["status"] for row in workspace.rows()} == {"filed", "review", "failed"}
    assert "outbox/3/ballot-17-1.png" in shown, "a name that was taken"
    assert "% sure it is an 8 among digits, but unlike every reference: perhaps not a digit" in shown
    assert "6 files came: 4 filed under their digit, 1 for you to look at, 1 not a picture." in shown
    assert f"Everything is in {folder}; run `watcher results` there." in shown
    assert [path.name for path in empty_folder.iterdir()] == ["aside"]


def test_what_it_says_to_do_next_can_be_done(empty_folder: Path) -> None:
    del empty_folder
    from watcher.cli.commands.demo import NEXT  # noqa: PLC0415 - click and all of it

    commands = re.findall(r"^  watcher (\w+)", NEXT, re.MULTILINE)
    assert len(commands) == 5
    assert set(commands) <= set(COMMANDS)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_early_it_leaves_nothing_behind(empty_folder: Path, aside: Path, number: int) -> None:
    with piped(empty_folder, "demo", session=True) as (process, _, err):
        wait_until(lambda: list(aside.glob("*/inbox")), 60)
        daemons = descendants(process.pid)
        process.send_signal(number)
        assert process.wait(60) == (130 if number == signal.SIGINT else 1)
        assert err.read() == b""
    wait_until(lambda: not any(map(is_alive, daemons)))
    assert list(aside.iterdir()) == []


def test_a_daemon_that_cannot_be_is_reported_in_its_own_words(
    watcher: Callable[..., Any], empty_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del empty_folder

    real = tempfile.mkdtemp

    def spoiled(prefix: str) -> str:
        folder = real(prefix=prefix)
        Path(folder, "config.toml").write_text("paint = true\n")
        return folder

    monkeypatch.setattr(tempfile, "mkdtemp", spoiled)
    outcome = watcher("demo", "--keep", code=1)
    assert outcome.err == (
        "watcher: the demonstration's daemon ended: watcher: config.toml:1: [paint] is not a section; "
        "run `watcher doctor`\n"
    )
    shutil.rmtree(Path(outcome.out.split()[5]).parent)


def test_a_daemon_that_says_nothing_is_not_waited_for_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demonstration, "READY_SECONDS", 0.01)
    with (
        demonstrating(tmp_path) as shown,
        pytest.raises(WatcherError, match=r"has logged nothing for 0.01 s; run `watcher"),
    ):
        shown.wait_until_ready()
