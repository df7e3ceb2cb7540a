"""A reader's shell: bash in a folder, with the programs of the manual on its path.

`watcher` and `python -m watcher…` are forked from a process that has them in memory. Programs that need
another machine, root or a package index have stand-ins, which do the same as far as that is possible here.
"""

import os
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Self

from helpers.daemon import environment, preload

CLIENT = Path(__file__).with_name("client.py")
STAND_INS = {
    # It asks for no password, and changes no rights.
    "sudo": 'while [ "${1#-}" != "$1" ]; do [ "$1" = -u ] && shift; shift; done; exec "$@"',
    # The service is `watcher run` in the current folder.
    "systemctl": """
while [ "${1#-}" != "$1" ]; do shift; done
[ $# -lt 2 ] || [ "${!#}" = watcher ] || exit 0  # other services
case $1 in
    start|enable)
        watcher run > service.jsonl 2>&1 & echo $! > service.pid
        for _ in $(seq 300); do grep -q '"ready"' service.jsonl && exit 0; sleep 0.05; done; exit 1 ;;
    stop|disable)
        pid=$(cat service.pid) && kill "$pid" || exit 1
        for _ in $(seq 300); do kill -0 "$pid" 2>/dev/null || exit 0; sleep 0.05; done; exit 1 ;;
    reload) kill -HUP "$(cat service.pid)" ;;
    status|daemon-reload) ;;
    *) echo "unknown: $1" >&2; exit 1 ;;
esac
""",
    # Programs that are not ours do nothing.
    **dict.fromkeys(("smbpasswd", "testparm", "pipx", "uv"), ":"),
    **dict.fromkeys(("useradd", "usermod", "install", "journalctl", "systemd-analyze"), ":"),
    # The other machine is a folder next to this one.
    "scp": 'mkdir -p "$OTHER_MACHINE"; cp "$1" "$OTHER_MACHINE"',
}
SQLITE3 = """
import sqlite3, sys
*options, file, statement = sys.argv[1:]
read_only = "?mode=ro" if "-readonly" in options else ""
with sqlite3.connect(f"file:{file}{read_only}", uri=True) as database:
    if statement.startswith(".backup "):
        database.backup(sqlite3.connect(statement.split()[1].strip("'")))
    else:
        for row in database.execute(statement):
            print("|".join("" if value is None else str(value) for value in row))
"""


class Shell:
    """Bash in a folder. Commands run in order; a change of folder or of a variable lasts."""

    def __init__(self, folder: Path, home: Path) -> None:
        programs = home / "bin"
        programs.mkdir(parents=True)
        lines = dict(STAND_INS)
        client = f"exec {sys.executable} -I -S {CLIENT} {preload().address}"
        lines["watcher"] = f'{client} watcher "$@"'
        lines["python"] = f"""
case "$1 $2" in
    "-m watcher"*) shift; module=$1; shift; {client} "$module" "$@" ;;
    *) exec {sys.executable} "$@" ;;
esac
"""
        if shutil.which("sqlite3") is None:
            (home / "sqlite3.py").write_text(SQLITE3)
            lines["sqlite3"] = f'exec {sys.executable} {home}/sqlite3.py "$@"'
        for name, line in lines.items():
            (programs / name).write_text(f"#!/bin/bash\n{line}\n")
            (programs / name).chmod(0o755)
        self.other_machine = home / "other machine"
        self._home = home
        (home / "rc").write_text('ssh() { cd "$OTHER_MACHINE"; }\n')
        variables = environment({})
        reading, self._done = os.pipe()
        self._answers = os.fdopen(reading, "r")
        self._bash = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            cwd=folder,
            env=variables
            | {
                "PATH": f"{programs}:{variables['PATH']}",
                "HOME": str(home),
                "COLUMNS": "150",
                "OTHER_MACHINE": str(self.other_machine),
                "BASH_ENV": str(home / "rc"),
            },
            stdin=subprocess.PIPE,
            pass_fds=[self._done],
            text=True,
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._bash.stdin is not None
        self._bash.stdin.close()
        with suppress(ProcessLookupError):
            os.killpg(self._bash.pid, signal.SIGKILL)  # also what still runs in the background
        self._bash.wait()
        os.close(self._done)
        self._answers.close()

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        out, errors = self._home / "out.txt", self._home / "errors.txt"
        assert self._bash.stdin is not None
        self._bash.stdin.write(f"{{ {command}\n}} >'{out}' 2>'{errors}' </dev/null; echo $? >&{self._done}\n")
        self._bash.stdin.flush()
        code = int(self._answers.readline())
        return subprocess.CompletedProcess(command, code, out.read_text(), errors.read_text())
