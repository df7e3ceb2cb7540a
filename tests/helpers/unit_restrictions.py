"""A unit's restrictions, put on a process by hand, where there is no service manager that does it.

Run as a program it restricts itself, and becomes the command that it is given.
"""

import ctypes
import json
import os
import re
import resource
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

ACCOUNT = 4711
"""A user that no system has."""
ALLOW, REFUSE = 0x7FFF0000, 0x00050001
SET_MEMORY_DENY_WRITE_EXECUTE, REFUSE_EXECUTE_GAIN = 65, 1


def lacking() -> str | None:
    """What is lacking here to restrict a process, if anything."""
    if os.geteuid() != 0:
        return "only root can"
    missing = [name for name in ("unshare", "setpriv", "systemd-analyze") if shutil.which(name) is None]
    if missing:
        return f"there is no {missing[0]}"
    tried = subprocess.run(["unshare", "--mount", "--net", "--ipc", "true"], capture_output=True, check=False)
    return None if tried.returncode == 0 else "namespaces are refused"


def values(unit: str, key: str) -> list[str]:
    """What a unit gives for a key, in its order."""
    return re.findall(rf"^{key}=(.*)$", unit, re.MULTILINE)


def restricted(unit: str, folder: Path) -> list[str]:
    """The words to put before a command, for it to be restricted as a unit says.

    Its ReadWritePaths are taken to be `folder`, which must be the account's.
    """
    [writable] = values(unit, "ReadWritePaths")
    assert writable == str(folder)
    [hidden], [subset] = values(unit, "ProtectProc"), values(unit, "ProcSubset")
    script = f"""
        set -e
        mount --bind {folder} {folder}
        {_reachable(folder)}
        mount -o remount,bind,ro /
        mount -t proc -o hidepid={hidden},subset={subset} proc /proc
        exec setpriv --reuid {ACCOUNT} --regid {ACCOUNT} --clear-groups --no-new-privs \
            --bounding-set=-all --inh-caps=-all "$@"
    """
    given = {
        "umask": values(unit, "UMask")[0],
        "calls": sorted(allowed_calls(values(unit, "SystemCallFilter"))),
    }
    (folder / "restrictions.json").write_text(json.dumps(given))
    namespaces = ["unshare", "--mount", "--net", "--ipc", "--pid", "--fork", "--kill-child"]
    launcher = [sys.executable, str(Path(__file__)), str(folder / "restrictions.json")]
    return [*namespaces, "sh", "-c", script, "sh", *launcher]


def _reachable(folder: Path) -> str:
    """What lets the account reach a Python that lies in root's own folder: nothing else of it is seen."""
    python = Path(sys.base_prefix).resolve()
    if not python.is_relative_to("/root"):
        return ":"
    aside = folder / ".python"
    aside.mkdir()
    return f"""mount --bind {python} {aside}
        mount -t tmpfs -o mode=755 none /root
        mkdir -p {python}
        mount --move {aside} {python}
        mount -o remount,bind,ro /root"""


def allowed_calls(filters: list[str]) -> set[str]:
    """The system calls that remain, of lists as systemd has them."""
    calls: set[str] = set()
    for words in filters:
        named = {call for word in words.removeprefix("~").split() for call in _calls(word)}
        calls = calls - named if words.startswith("~") else calls | named
    return calls


def _calls(word: str) -> set[str]:
    if not word.startswith("@"):
        return {word}
    return {call for member in _sets()[word] for call in _calls(member)}


@cache
def _sets() -> dict[str, list[str]]:
    told = subprocess.run(["systemd-analyze", "syscall-filter"], capture_output=True, text=True, check=True)
    sets: dict[str, list[str]] = {}
    name = ""
    for line in told.stdout.splitlines():
        if line.startswith("@"):
            name = line.strip()
            sets[name] = []
        elif line.startswith("    ") and not line.strip().startswith("#"):
            sets[name].append(line.strip())
        elif line and not line.startswith(" "):
            name = "others"
            sets.setdefault(name, [])
    return sets


def restrict(given: Path) -> None:
    """Restrict this process by what only it can ask the kernel for."""
    restrictions = json.loads(given.read_text())
    os.umask(int(restrictions["umask"], 8))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(SET_MEMORY_DENY_WRITE_EXECUTE, REFUSE_EXECUTE_GAIN, 0, 0, 0) != 0:
        sys.stderr.write("memory that is written and executed is not refused here\n")
    seccomp = ctypes.CDLL("libseccomp.so.2")
    seccomp.seccomp_init.restype = ctypes.c_void_p
    rules = ctypes.c_void_p(seccomp.seccomp_init(REFUSE))
    for name in restrictions["calls"]:
        number = seccomp.seccomp_syscall_resolve_name(name.encode())
        if number >= 0:
            assert seccomp.seccomp_rule_add(rules, ALLOW, number, 0) == 0
    assert seccomp.seccomp_load(rules) == 0


if __name__ == "__main__":
    restrict(Path(sys.argv[1]))
    os.execv(sys.argv[2], sys.argv[2:])  # noqa: S606 - it becomes what it was given
