"""What the README's commands make is not offered to git as something new."""

import re
import subprocess
from pathlib import Path

import pytest
from helpers.daemon import ROOT
from helpers.support import make_files

IGNORED = ROOT / ".gitignore"
MADE = {
    ".venv/ready": b"",
    "watcher.db": b"",
    "watcher.db-wal": b"",
    "watcher.db.state": b"",
    "watcher.db.lock": b"",
    "watcher.db.cache/model/array.npy": b"",
    "watcher.db.backup-0004": b"",
    "inbox/.claimed/batch/scan.jpg": b"",
    "inbox/scan.jpg": b"",
    "outbox/7/scan.jpg": b"",
    ".pytest_cache/x": b"",
    ".hypothesis/x": b"",
    ".mypy_cache/x": b"",
    ".ruff_cache/x": b"",
    "watcher/__pycache__/x.pyc": b"",
    "docs/_build/html/index.html": b"",
}


def written_by_the_readme() -> list[str]:
    """The files and folders that its commands write into the checkout."""
    shown = "\n".join(re.findall(r"```console\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL))
    written = re.findall(r"--html (\S+)|export (\S+)|> (\S+)|mkdir -p (\S+)", shown)
    return [name for names in written for name in names if name]


def test_git_sees_nothing_new_after_the_readme(tmp_path: Path) -> None:
    written = written_by_the_readme()
    assert {"week.html", "log.csv", "watcher.service"} <= set(written)
    make_files(tmp_path, MADE | {f"{name}/x" if "." not in name else name: b"" for name in written})
    (tmp_path / ".gitignore").write_bytes(IGNORED.read_bytes())
    try:
        subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    except FileNotFoundError:
        pytest.skip("there is no git here")
    status = ["git", "status", "--porcelain", "--untracked-files=all"]
    seen = subprocess.run(status, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert seen == "?? .gitignore\n"
