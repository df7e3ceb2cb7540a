"""A filing by hand: a place with claims, outcomes as workers would find them, and faults at any step."""

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

from helpers.daemon import Workspace
from helpers.support import make_files

from watcher.folders.claims import Claim, Claims
from watcher.folders.disk import Flusher
from watcher.folders.inbox import Arrival
from watcher.folders.outbox import Outbox
from watcher.pipeline.filing import Filing
from watcher.pipeline.outcome import Outcome
from watcher.recognition import Reading
from watcher.store.results import ResultsLog
from watcher.workers import Recognized

NO_PICTURE = "it is no picture"
PICTURES = {f"scan {digit}.png": b"%d" % digit for digit in range(4)}
OTHERS = {"caf\udce9.png": b"5", "novel.txt": b"once upon a time"}


class Crash(BaseException):
    """The power goes."""


class Fuse:
    """Lets a number of steps pass, then raises a fault once, before or after the next one is done."""

    def __init__(self, steps: int, *, after: bool = False, fault: BaseException | None = None) -> None:
        self._left = steps
        self._after = after
        self._fault = fault or Crash()

    def guard(self, part: Any, *steps: str) -> Any:
        """The part itself, with these of its methods counted as steps."""
        for step in steps:
            setattr(part, step, self._counted(getattr(part, step)))
        return part

    def _counted(self, step: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any, **named: Any) -> Any:
            self._left -= 1
            if self._left == -1 and not self._after:
                raise self._fault
            result = step(*arguments, **named)
            if self._left == -1:
                raise self._fault
            return result

        return counted


class FilingScenario:
    """A place with all that a filing needs, as often as it is taken up again."""

    def __init__(self, workspace: Workspace, log: ResultsLog, flusher: Flusher) -> None:
        self.workspace = workspace
        self.log = log
        self.flusher = flusher
        self.claims = Claims(workspace.inbox)

    def filing(self, fuse: Fuse | None = None) -> Filing:
        fuse = fuse or Fuse(10**9)
        return Filing(
            fuse.guard(ResultsLog(self.log._database), "record", "mark_filed", "redirect", "forget"),  # noqa: SLF001 - another log of the same database
            fuse.guard(Claims(self.workspace.inbox), "drop"),
            fuse.guard(Outbox(self.workspace.outbox), "file", "write_reason", "unfile"),
            self.flusher,
            0.9,
        )

    def claim(self, files: dict[str, bytes]) -> list[Claim]:
        make_files(self.workspace.inbox, dict(files))
        return self.claims.take([Arrival(str(self.workspace.inbox / name), name, 1e9) for name in files])

    def resume(self) -> int:
        """What the next start does: go on, and put through again what was not decided. How often it was."""
        filing = self.filing()
        again, _ = filing.resume()
        if again:
            filing.finish([recognized(claim) for claim in again])
        return len(again)


def recognized(claim: Claim) -> Outcome:
    """What workers would have found: the digit that the file is made of, surely; or nothing."""
    content = Path(claim.path).read_bytes()
    digest = sha256(content).hexdigest()
    if not content.isdigit():
        return Outcome(claim, Recognized(digest, None, NO_PICTURE), 1)
    scores = tuple(float(digit == int(content)) for digit in range(10))
    return Outcome(claim, Recognized(digest, reading(int(content), scores=scores)), 1)


def reading(
    digit: int, certainty: float = 1.0, scores: tuple[float, ...] = (0.0,) * 10, reason: str | None = None
) -> Reading:
    return Reading(digit, certainty, 9 - digit, scores, (1, 2), reason)
