"""`watcher` as its users have it: a process, a folder it works in, and what is seen of both from outside."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryFile
from types import TracebackType
from typing import IO, Any, NamedTuple, Self

from campaigns.audit import Drop, audit
from helpers.preload_client import PreloadServer, Process
from helpers.support import wait_until

from watcher.text import name_as_text

ROOT = Path(__file__).parents[2]
PLAIN: tuple[str, ...] = (sys.executable, "-m", "watcher")
WATCHER = PLAIN
"""How `watcher` is started."""


class Workspace:
    """A folder with an inbox, an outbox and a database in it, all of them where the defaults have them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.inbox = path / "inbox"
        self.outbox = path / "outbox"
        self.claimed = self.inbox / ".claimed"
        self.database = path / "watcher.db"

    def rows(self) -> list[dict[str, Any]]:
        """The log as it is now, oldest first; read beside whoever writes it."""
        if not self.database.exists():
            return []
        connection = sqlite3.connect(f"{self.database.as_uri()}?mode=ro", uri=True)
        connection.row_factory = sqlite3.Row
        try:
            return [dict(row) for row in connection.execute("SELECT * FROM results ORDER BY id")]
        finally:
            connection.close()

    def _count(self, condition: str) -> int:
        if not self.database.exists():
            return 0
        connection = sqlite3.connect(f"{self.database.as_uri()}?mode=ro", uri=True)
        try:
            count: int = connection.execute(f"SELECT count(*) FROM results WHERE {condition}").fetchone()[0]
            return count
        finally:
            connection.close()

    def row(self, name: str) -> dict[str, Any] | None:
        """The row of the only file that came by this name, once that is filed."""
        rows = [row for row in self.rows() if row["name"] == name_as_text(name)]
        assert len(rows) < 2
        return rows[0] if rows and rows[0]["filed_at"] else None

    def filed(self) -> int:
        """How many files lie at their destinations, as the log says."""
        return self._count("filed_at IS NOT NULL")

    def recorded(self) -> int:
        """How many rows the log has."""
        return self._count("TRUE")

    def waiting(self) -> set[str]:
        """What lies in the inbox, claimed or not: files and links by their relative paths."""
        return {
            os.path.relpath(Path(base, name), self.inbox)
            for base, _, names in os.walk(self.inbox)
            for name in names
        }

    def audit(self, dropped: Iterable[tuple[str, bytes]]) -> None:
        """Each dropped (name, content) lies in the outbox once, whole, under one row; there is no more."""
        self.audit_digests((name_as_text(name), sha256(content).hexdigest()) for name, content in dropped)

    def audit_digests(self, dropped: Iterable[Drop]) -> None:
        """As `audit`, of checksums."""
        found = audit(dropped, self.inbox, self.outbox, self.database)
        assert not found, str(found)
        assert not any(self.claimed.glob("*/*"))  # a folder for the next batch may be kept


def furnished(folder: Path, trained: Path) -> Workspace:
    """A folder made as `trained` is, to work in."""
    shutil.copytree(trained, folder, dirs_exist_ok=True)
    return Workspace(folder)


def reference_picture(digit: int, index: int = 0) -> bytes:
    """A picture that comes with the program, so that there is no doubt of what it is taken for."""
    return (ROOT / "images" / f"{digit}_{index}.jpg").read_bytes()


def folder_of(row: Mapping[str, Any]) -> str:
    """The folder of the outbox that a row's picture belongs in."""
    return str(row["digit"]) if row["status"] == "filed" else row["status"]


def environment(settings: Mapping[str, object]) -> dict[str, str]:
    """Of this process, but with these WATCHER_* alone, and this checkout's `watcher` to import."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("WATCHER_")}
    paths = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    ours |= {"PYTHONPATH": paths, "OPENBLAS_NUM_THREADS": "1"}
    return ours | {f"WATCHER_{key.upper()}": str(value).lower() for key, value in settings.items()}


@cache
def preload() -> PreloadServer:
    """The only one of this process, made when it is first asked for."""
    return PreloadServer(environment({}))


def start(
    folder: Path,
    *arguments: str,
    streams: tuple[IO[Any], IO[Any], IO[Any]],
    variables: Mapping[str, str],
    session: bool = False,
) -> Process:
    """Start `watcher` in a folder, with its standard input, output and error stream, and its environment.

    It is forked from a process that has it in memory, unless it is to be started by another program or in an
    environment in which Python itself behaves otherwise.
    """
    if WATCHER == PLAIN and preload().serves(variables):
        return preload().start(
            arguments, folder=folder, environment=variables, streams=streams, session=session
        )
    stdin, stdout, stderr = streams
    return subprocess.Popen(
        [*WATCHER, *arguments],
        cwd=folder,
        env=variables,
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        start_new_session=session,
    )


class Piped(NamedTuple):
    """A command whose output and error streams the test reads through pipes."""

    process: Process
    out: IO[bytes]
    err: IO[bytes]


@contextmanager
def piped(
    folder: Path, *arguments: str, variables: Mapping[str, str] | None = None, session: bool = False
) -> Iterator[Piped]:
    """While in the context, a command runs in a folder; what is left of it then is killed."""
    with ExitStack() as stack, Path(os.devnull).open() as nothing:
        pipes = [os.pipe(), os.pipe()]
        out, err = (stack.enter_context(open(reader, "rb")) for reader, _ in pipes)  # noqa: PTH123 - no path
        with ExitStack() as theirs:
            streams = [theirs.enter_context(open(writer, "wb")) for _, writer in pipes]  # noqa: PTH123 - no path
            process = start(
                folder,
                *arguments,
                streams=(nothing, streams[0], streams[1]),
                variables=environment({}) if variables is None else variables,
                session=session,
            )
        try:
            yield Piped(process, out, err)
        finally:
            process.kill()
            process.wait(10)


def run(
    workspace: Path,
    *arguments: str,
    code: int = 0,
    within: float = 90,
    typed: str = "",
    **settings: object,
) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder to its end, which must have this exit code and must not be a traceback.

    It reads `typed` from its standard input.
    """
    with TemporaryFile() as given, TemporaryFile() as out, TemporaryFile() as errors:
        given.write(typed.encode())
        given.seek(0)
        process = start(workspace, *arguments, streams=(given, out, errors), variables=environment(settings))
        try:
            returned = process.wait(within)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        out.seek(0)
        errors.seek(0)
        done = subprocess.CompletedProcess(
            ["watcher", *arguments], returned, out.read().decode(), errors.read().decode()
        )
    assert "Traceback" not in done.stderr
    assert done.returncode == code, done
    return done


class Daemon:
    """`watcher run` in a place; ready when its context is entered, and stopped or dead when it is left.

    Settings are given as `section__key=value`; `environ` is what else is to be in its environment. It leads a
    process group of its own.
    """

    def __init__(
        self, workspace: Workspace, environ: Mapping[str, str] | None = None, /, **settings: object
    ) -> None:
        self.workspace = workspace
        self._log = workspace.path / "log.jsonl"
        self._errors = workspace.path / "errors.txt"
        with (
            Path(os.devnull).open() as nothing,
            self._log.open("wb") as log,
            self._errors.open("wb") as errors,
        ):
            self.process = start(
                workspace.path,
                "run",
                streams=(nothing, log, errors),
                variables=environment(settings) | dict(environ or {}),
                session=True,
            )

    def __enter__(self) -> Self:
        try:
            wait_until(lambda: self.said("ready") or self.process.poll() is not None, 60)
            assert self.said("ready"), self.complaints()
        except BaseException:
            self.process.kill()
            self.process.wait()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is not None:
            return
        if kind is None:
            self.stop()
        else:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def events(self) -> list[dict[str, Any]]:
        """What it has said so far."""
        lines = self._log.read_text().splitlines(keepends=True)
        return [json.loads(line) for line in lines if line.endswith("\n")]

    def said(self, event: str) -> list[dict[str, Any]]:
        """What it has said of this kind."""
        return [said for said in self.events() if said["event"] == event]

    def complaints(self) -> str:
        """What it has written to the standard error stream."""
        return self._errors.read_text()

    def workers(self) -> list[int]:
        """The process ids of those that read and compare for it, and of those that forked them."""
        return descendants(self.process.pid)

    def stop(self, number: int = signal.SIGTERM, *, group: bool = False) -> None:
        """Ask it to stop, and see it end well, soon, and without a complaint."""
        (os.killpg if group else os.kill)(self.process.pid, number)
        assert self.process.wait(10) == 0, self.complaints()
        assert self.complaints() == ""

    def kill(self) -> None:
        """Give it no chance."""
        self.process.kill()
        self.process.wait()


def descendants(pid: int) -> list[int]:
    """The process ids of all that a process has started, and what these have, those that have ended too."""
    below = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(FileNotFoundError, ProcessLookupError):
            for child in map(int, task.read_text().split()):
                below += [child, *descendants(child)]
    return sorted(below)


def command_of(pid: int) -> bytes:
    """The command line of a process; empty if it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that has died and was not waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
