"""A model of the world around the filing: files come, people meddle, the power goes, disks fail.

Filing, claims, outbox, arrivals, the log and its database are the real ones. In place of the pool, the
digit that a file begins with is what is found in it.
"""

import errno
import os
import shutil
import sqlite3
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, nullcontext
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from watcher.errors import WatcherError
from watcher.folders.arrivals import Arrivals
from watcher.folders.claims import Claim, Claims
from watcher.folders.disk import Flusher
from watcher.folders.inbox import Inbox
from watcher.folders.outbox import Outbox, reason_name
from watcher.maintenance.fsck.discrepancies import Kind
from watcher.maintenance.fsck.examination import examine
from watcher.maintenance.fsck.scope import Scope
from watcher.pipeline.filing import Filing
from watcher.pipeline.outcome import Outcome
from watcher.recognition import Reading
from watcher.store.database import DatabaseError, open_database
from watcher.store.results import ResultsLog
from watcher.text import name_as_text
from watcher.workers import Recognized

MEMORY = Path("/dev/shm")  # noqa: S108 - memory is quicker than a disk, where there is such a folder
MOST_CLAIMED = 4
NAMES = ["a.png", "a-1.png", "b.txt", "b.txt.reason.txt", "caf\udce9.png", "caf\\xe9.png", "n" * 255]
"""They meet each other: as names with a number, as reasons beside failed files, as text in the log."""
CONTENTS = ["3", "7", "7?", "once upon a time"]
"""Surely a digit, perhaps one, or none."""
STRANGE = b"a stranger's"
NO_PICTURE = "it is no picture"
FAULTS = [errno.ENOSPC, errno.EIO, errno.EMFILE]
PATHS = st.builds(str.__add__, st.sampled_from(["", "sub/"]), st.sampled_from(NAMES))
ACTIONS = st.sampled_from(["claim", "finish", "finish", "suspect"])
CALLS = st.integers(0, 12)
HOW = st.sampled_from([None, None, *FAULTS])
"""The power goes, or a call fails in one of these ways."""
CHANGING = ("link", "rename", "unlink", "rmdir", "mkdir")


class Crash(BaseException):
    """The power goes."""


@dataclass
class Fuse:
    """Burns at one of the calls that change the state: before it is made, or when it has been made."""

    calls: int
    after: bool
    fault: Callable[[str], BaseException]
    """What is raised, from the name of the call."""

    @contextmanager
    def over(self, name: str) -> Iterator[None]:
        """Make a call in this context."""
        self.calls -= 1
        burns = self.calls == -1
        if burns and not self.after:
            raise self.fault(name)
        yield
        if burns:
            raise self.fault(name)


def power_goes(_call: str) -> BaseException:
    return Crash()


def fails(code: int) -> Callable[[str], BaseException]:
    """Faults as the system and SQLite tell of them."""

    def fault(call: str) -> BaseException:
        return DatabaseError(os.strerror(code)) if call == "transaction" else OSError(code, os.strerror(code))

    return fault


@dataclass(frozen=True)
class Dropped:
    """A file that came. It is known by its inode wherever it goes."""

    name: str
    content: bytes


class World:
    """One inbox with its outbox and database, and the daemon's parts at work on them."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(dir=MEMORY if MEMORY.is_dir() else None))
        self.inbox, self.outbox, self.file = (self.path / name for name in ("inbox", "outbox", "watcher.db"))
        self.inbox.mkdir()
        (self.inbox / "sub").mkdir()
        Claims(self.inbox).make()
        Outbox(self.outbox).make()
        self.file.write_bytes(new_database())
        self._fuse: Fuse | None = None
        self.tokens: dict[int, str] = {}
        self.claimed: list[Claim] = []
        self.unfinished: list[Outcome] = []
        self._running = ExitStack()
        self.is_up = False
        self.start()

    def start(self) -> None:
        """As the daemon starts: with what an earlier run left."""
        self.stop()
        database = self._running.enter_context(closing(open_database(self.file)))
        vars(database)["transaction"] = self._watched(database.transaction)
        flusher = self._running.enter_context(closing(Flusher(self.outbox)))
        vars(flusher)["flush"] = lambda: self._called("flush", lambda: None)
        self.claims = Claims(self.inbox)
        self._note_claims()
        self.scope = Scope(database, self.claims, Outbox(self.outbox))
        self.arrivals = Arrivals(Inbox(self.inbox, recursive=True, quiet_seconds=0))
        self.filing = Filing(ResultsLog(database), self.claims, self.scope.outbox, flusher, 0.9)
        self.claimed, _ = self.filing.resume()
        self.is_up = True

    def stop(self) -> None:
        """Let go of everything, as when the process ends."""
        self._running.close()
        self._running = ExitStack()
        self.claimed, self.unfinished = [], []
        self.is_up = False

    def claim(self) -> None:
        """Take what the arrivals lets pass."""
        self.arrivals.sweep()
        self.claimed += self.claims.take(self.arrivals.take(MOST_CLAIMED))
        self._note_claims()

    def finish(self) -> None:
        """Have what is claimed recognized and filed; go on first with what a fault came between."""
        if not self.claimed and not self.unfinished:
            self.claim()
        again = bool(self.unfinished)
        if not again:
            self.unfinished, self.claimed = [recognized(claim) for claim in self.claimed], []
        if self.unfinished:
            finished = self.filing.finish(self.unfinished, again=again)
            self.unfinished = []
            self.claimed += finished.changed

    def suspect(self) -> None:
        """Set a claim aside, as where it brought its worker down, and begin it again."""
        if not self.claimed:
            self.claim()
        for claim in self.claimed[:1]:
            self.claimed[0] = self.claims.begin_again(self.claims.set_aside(claim))
        self._note_claims()

    def drain(self) -> None:
        """Go on until nothing waits."""
        self.start()
        give_up = len(self.files()) + 10
        while (
            self.claimed
            or self.unfinished
            or any(place.startswith("inbox/") for (place, *_) in self.files().values())
        ):
            self.finish()
            give_up -= 1
            assert give_up, "it goes on for ever"

    def burn(self, action: str, fuse: Fuse) -> None:
        """Do something while the fuse is lit. A daemon whose power goes is down; a fault it outlives."""
        try:
            with self._lit(fuse):
                getattr(self, action)()
        except Crash:
            self.stop()
        except (OSError, WatcherError):
            if action in {"start", "suspect"}:
                self.stop()

    def files(self) -> dict[int, list[str]]:
        """Every file there is, by its inode: where it lies, as paths from here."""
        found: dict[int, list[str]] = defaultdict(list)
        for folder in (self.inbox, self.outbox):
            for base, _, names in os.walk(folder):
                for name in names:
                    path = Path(base, name)
                    found[path.lstat().st_ino].append(str(path.relative_to(self.path)))
        return found

    def rows(self) -> list[dict[str, Any]]:
        """The log, as others read it."""
        with closing(sqlite3.connect(f"{self.file.as_uri()}?mode=ro", uri=True)) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute("SELECT * FROM results")]

    def _note_claims(self) -> None:
        """Remember by which token each file that lies claimed is known, by its inode."""
        for token in self.claims.tokens():
            self.tokens[os.lstat(self.claims.path_of(token)).st_ino] = token

    def close(self) -> None:
        self.stop()
        shutil.rmtree(self.path)

    @contextmanager
    def _lit(self, fuse: Fuse) -> Iterator[None]:
        real = {name: getattr(os, name) for name in CHANGING}
        self._fuse = fuse
        for name, call in real.items():
            setattr(os, name, self._counted(name, call))
        try:
            yield
        finally:
            self._fuse = None
            for name, call in real.items():
                setattr(os, name, call)

    def _counted(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *arguments, **named: self._called(name, lambda: call(*arguments, **named))

    def _called(self, name: str, call: Callable[[], Any]) -> Any:
        with nullcontext() if self._fuse is None else self._fuse.over(name):
            return call()

    def _watched(self, transaction: Callable[[], Any]) -> Callable[[], Any]:
        @contextmanager
        def watched() -> Iterator[Any]:
            with ExitStack() as stack:
                if self._fuse is not None:
                    stack.enter_context(self._fuse.over("transaction"))
                yield stack.enter_context(transaction())

        return watched


@cache
def new_database() -> bytes:
    """A database as a first start makes it."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "watcher.db")
        open_database(file).close()
        return file.read_bytes()


def recognized(claim: Claim) -> Outcome:
    """What workers would find: the digit that a file begins with, surely or not; or nothing."""
    content = Path(claim.path).read_bytes()
    digest = sha256(content).hexdigest()
    if not content[:1].isdigit():
        return Outcome(claim, Recognized(digest, None, NO_PICTURE), 1)
    certainty = 0.5 if content.endswith(b"?") else 1.0
    return Outcome(claim, Recognized(digest, Reading(int(content[:1]), certainty, 0, (0.0,) * 10, (1,))), 1)


def judged(content: bytes) -> tuple[str, int | None]:
    """Status and digit of such a file."""
    if not content[:1].isdigit():
        return "failed", None
    return "review" if content.endswith(b"?") else "filed", int(content[:1])


class Model(RuleBasedStateMachine):
    """What happens, in any order; and what has to hold whatever happens."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.dropped: dict[int, Dropped] = {}
        self.strangers: dict[str, bytes] = {}
        self.moved: set[int] = set()

    @rule(names=st.lists(PATHS, min_size=1, max_size=4), content=st.sampled_from(CONTENTS))
    def arrive(self, names: list[str], content: str) -> None:
        for name in names:
            path = self.world.inbox / name
            if not path.exists():
                path.write_bytes(content.encode())
                self.dropped[path.stat().st_ino] = Dropped(path.name, content.encode())

    @precondition(lambda self: self.world.is_up)
    @rule()
    def claim(self) -> None:
        self.world.claim()

    @precondition(lambda self: self.world.is_up)
    @rule()
    def finish(self) -> None:
        self.world.finish()

    @precondition(lambda self: self.world.is_up)
    @rule()
    def suspect(self) -> None:
        self.world.suspect()

    @rule()
    def start(self) -> None:
        self.world.start()

    @precondition(lambda self: self.world.is_up)
    @rule(action=ACTIONS, calls=CALLS, after=st.booleans(), how=HOW)
    def stopped_in_the_middle(self, action: str, calls: int, how: int | None, *, after: bool) -> None:
        self.world.burn(action, Fuse(calls, after, power_goes if how is None else fails(how)))

    @precondition(lambda self: not self.world.is_up)
    @rule(calls=CALLS, after=st.booleans(), how=HOW)
    def stopped_while_it_starts(self, calls: int, how: int | None, *, after: bool) -> None:
        self.world.burn("start", Fuse(calls, after, power_goes if how is None else fails(how)))

    @rule(folder=st.sampled_from(["3", "7", "review", "failed"]), name=st.sampled_from(NAMES))
    def collide(self, folder: str, name: str) -> None:
        """A stranger puts a file where one may have to go; where one is about to, rather there."""
        awaited = [row["destination"] for row in self.world.rows() if row["filed_at"] is None]
        path = self.world.outbox / (awaited[0] if awaited else f"{folder}/{name}")
        if not path.exists():
            path.write_bytes(STRANGE)
            self.strangers[str(path.relative_to(self.world.path))] = STRANGE

    @rule(which=st.integers(0, 20), folder=st.sampled_from(["0", "3", "7"]))
    def correct(self, which: int, folder: str) -> None:
        """A person moves a file that was filed to another digit."""
        filed = [
            (inode, places[0])
            for inode, places in self.world.files().items()
            if inode in self.dropped and len(places) == 1 and places[0].startswith("outbox")
        ]
        if filed:
            inode, place = filed[which % len(filed)]
            goal = self.world.outbox / folder / Path(place).name
            if not goal.exists():
                (self.world.path / place).rename(goal)
                self.moved.add(inode)

    @invariant()
    def each_file_is_in_one_place_and_a_row_names_it_before_it_is_at_its_destination(self) -> None:
        files = self.world.files()
        rows = {row["claim"]: row for row in self.world.rows()}
        for inode, dropped in self.dropped.items():
            places = files.pop(inode)
            assert len(places) - self._is_being_filed(places) == 1, places
            assert (self.world.path / places[0]).read_bytes() == dropped.content
            for place in places:
                if place.startswith("outbox/"):
                    row = rows[self.world.tokens[inode]]
                    at = name_as_text(place.removeprefix("outbox/"))
                    assert row["destination"] == at or inode in self.moved, (row, place)
        assert rows.keys() <= set(self.world.tokens.values())
        rest = {place for places in files.values() for place in places}
        assert self.strangers.keys() <= rest
        assert all((self.world.path / place).read_bytes() == STRANGE for place in self.strangers)
        assert all(place.startswith("outbox/failed/") for place in rest - self.strangers.keys())

    @staticmethod
    def _is_being_filed(places: list[str]) -> bool:
        """Whether a file is claimed and at its destination: two names, one file on its way."""
        return sorted(place.split("/")[:2] == ["inbox", ".claimed"] for place in places) == [False, True]

    def teardown(self) -> None:
        try:
            self.world.drain()
            self.each_file_is_in_one_place_and_a_row_names_it_before_it_is_at_its_destination()
            self._all_is_told_truly()
        finally:
            self.world.close()

    def _all_is_told_truly(self) -> None:
        files, rows = self.world.files(), {row["claim"]: row for row in self.world.rows()}
        assert len(rows) == len(self.dropped)
        moved, explained = 0, set()
        for inode, dropped in self.dropped.items():
            row, (place,) = rows[self.world.tokens[inode]], files.pop(inode)
            assert place.startswith("outbox/")
            assert row["filed_at"] is not None
            digest = sha256(dropped.content).hexdigest()
            assert (row["name"], row["sha256"]) == (name_as_text(dropped.name), digest)
            assert (row["status"], row["digit"]) == judged(dropped.content)
            moved += row["destination"] != name_as_text(place.removeprefix("outbox/"))
            if row["status"] == "failed" and inode not in self.moved:
                explained.add(f"outbox/{reason_name(place.removeprefix('outbox/'))}")
        rest = {place for places in files.values() for place in places}
        assert rest >= explained
        reasons = rest - self.strangers.keys()
        assert {(self.world.path / place).read_text() for place in reasons} <= {f"{NO_PICTURE}\n"}
        self._fsck_says_the_same(moved, reasons - explained)

    def _fsck_says_the_same(self, moved: int, orphaned: set[str]) -> None:
        found = list(examine(self.world.scope, is_running=False, deep=True))
        kinds = Counter(one.kind for one in found)
        assert kinds[Kind.MOVED] <= moved, "it cannot tell files apart that are alike and changed places"
        assert kinds[Kind.GONE] == kinds[Kind.LOST] == 0
        faults = {f"outbox/{one.place}" for one in found if one.kind.is_fault}
        assert orphaned <= faults <= orphaned | self.strangers.keys()
