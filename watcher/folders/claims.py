"""Claims: files that were renamed from the inbox into a private folder, where nobody else touches them."""

import errno
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote_from_bytes, unquote_to_bytes

from watcher.errors import passes
from watcher.folders.inbox import Arrival
from watcher.folders.safe_open import opened_beneath
from watcher.text import refusal

FOLDER = ".claimed"
_STILL_USED = {errno.ENOTEMPTY, errno.EEXIST}
"""How the system refuses to remove a folder that is not empty."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A claimed file. `token` identifies it in the log permanently.

    `arrived` is in Unix seconds. `taken` is when this run took it, in seconds of the monotonic clock. `tries`
    is 1 after recognizing it has failed once, and 2 once the second try has begun.
    """

    token: str
    path: str
    name: str
    arrived: float
    taken: float
    tries: int = 0


class Claims:
    """The private folder `.claimed` of one inbox; each batch has its own folder in it.

    When a batch is done, its empty folder is renamed and kept for the next batch. To make and remove a folder
    takes ten times as long as to rename it, and a picture would wait for that.
    """

    def __init__(self, inbox: Path) -> None:
        self.path = inbox / FOLDER
        self._root = os.fspath(self.path)
        self._inbox = os.fspath(inbox)
        self._spare: str | None = None
        self._newest = 0

    def make(self) -> None:
        """Make the private folder if there is none."""
        self.path.mkdir(mode=0o700, exist_ok=True)

    def take(
        self,
        arrivals: Sequence[Arrival],
        refused: Callable[[Arrival, str], object] = lambda *_: None,
        left: Callable[[Arrival], object] = lambda _: None,
    ) -> list[Claim]:
        """Claim those of these files that are still there.

        `refused` is called, with the reason, for each file that the system does not let us move, as in a
        folder with the sticky bit. `left` is called for each file that is left for the next time: the second
        of two with the same name in different subfolders, and all after a fault that passes. Raises OSError
        for such a fault if nothing was claimed before it.
        """
        batch = self._new_batch()
        now = time.monotonic()
        claims: dict[str, Claim] = {}
        for number, arrival in enumerate(arrivals):
            if arrival.name in claims:
                left(arrival)
                continue
            goal = f"{batch}/{arrival.name}"
            try:
                self._fetch(arrival.path, goal)
            except OSError as error:
                # A network share can report a failure although the file was renamed. If we took that for a
                # failure, the next file of that name would replace it.
                if not os.path.lexists(goal):
                    if not passes(error):
                        if not isinstance(error, FileNotFoundError):
                            refused(arrival, f"it cannot be claimed: {refusal(error, Path(arrival.path))}")
                        continue
                    if not claims:
                        self._spare = batch
                        raise
                    for other in arrivals[number:]:
                        left(other)
                    break
            token = _token(batch, arrival.name)
            claims[arrival.name] = Claim(token, goal, arrival.name, arrival.arrived, now)
        if not claims:
            self._spare = batch  # used for the next batch
        return list(claims.values())

    def left(self) -> Iterator[Claim]:
        """The claims that an earlier run left, oldest batch first."""
        for batch in sorted(os.scandir(self.path), key=lambda entry: entry.name):
            if batch.is_dir(follow_symlinks=False):
                files = sorted(os.scandir(batch.path), key=lambda entry: entry.name)
                for file in files:
                    arrived = file.stat(follow_symlinks=False).st_ctime
                    token = _token(batch.path, file.name)
                    tries = _tries(batch.name)
                    yield Claim(token, file.path, file.name, arrived, time.monotonic(), tries)
                if not files:
                    os.rmdir(batch.path)

    def path_of(self, token: str) -> str:
        """The path of a claim's file, if it is still there."""
        return f"{self._root}/{token.partition('/')[0]}/{claimed_name(token)}"

    def tokens(self) -> Iterator[str]:
        """The tokens of all claims; nothing is changed."""
        with suppress(FileNotFoundError), os.scandir(self.path) as batches:
            for batch in batches:
                with suppress(FileNotFoundError, NotADirectoryError):  # a daemon may run
                    for name in os.listdir(batch.path):
                        yield _token(batch.path, name)

    def set_aside(self, claim: Claim) -> Claim:
        """Move the claim to its own batch, whose name says that recognizing it has failed once."""
        batch = self._new_batch("-1")
        moved = _moved(claim, batch, tries=1)
        try:
            os.rename(claim.path, moved.path)
        except OSError:
            os.rmdir(batch)
            raise
        with suppress(OSError):  # other files of its batch are still there
            os.rmdir(os.path.dirname(claim.path))
        return moved

    def begin_again(self, claim: Claim) -> Claim:
        """Rename the batch of a claim that was set aside, to say that its second try has begun."""
        batch = os.path.dirname(claim.path)
        moved = _moved(claim, batch.removesuffix("-1") + "-2", tries=2)
        os.rename(batch, os.path.dirname(moved.path))
        return moved

    def drop(self, paths: Iterable[str]) -> None:
        """Remove claimed files that are in the outbox now, and the folders of finished batches."""
        batches = set()
        for path in paths:
            with suppress(FileNotFoundError):
                os.unlink(path)
            batches.add(os.path.dirname(path))
        for batch in batches:
            if self._spare is not None or not self._is_kept(batch):
                _remove(batch)

    def close(self) -> None:
        """Remove the folder that is kept for the next batch."""
        spare, self._spare = self._spare, None
        if spare is not None:
            with suppress(OSError):  # the next start removes it
                os.rmdir(spare)

    def _fetch(self, path: str, goal: str) -> None:
        """Rename a file of the inbox. No link in its path is followed: it could lead out of the inbox."""
        folder, name = os.path.split(path)
        if folder == self._inbox:
            os.rename(path, goal)
        else:
            with opened_beneath(self._inbox, folder) as descriptor:
                try:
                    os.rename(name, goal, src_dir_fd=descriptor)
                except OSError as error:
                    error.filename = path
                    raise

    def _is_kept(self, batch: str) -> bool:
        """If a batch's folder is empty, keep it for the next batch, under a name that no token has."""
        try:
            with os.scandir(batch) as files:
                if any(files):
                    return False
            spare = self._new_path()
            os.rename(batch, spare)
        except OSError:
            return False
        self._spare = spare
        return True

    def _new_path(self, suffix: str = "") -> str:
        """A path that no batch of this run has had, even if the clock was set back."""
        self._newest = max(time.time_ns(), self._newest + 1)
        return f"{self._root}/{self._newest:016x}{suffix}"

    def _new_batch(self, suffix: str = "") -> str:
        if not suffix:
            spare, self._spare = self._spare, None
            if spare is not None and os.path.isdir(spare):
                return spare
        while True:
            batch = self._new_path(suffix)
            try:
                os.mkdir(batch, 0o700)
            except FileExistsError:
                continue
            return batch


def _remove(batch: str) -> None:
    """Remove the folder of a batch if it is empty."""
    try:
        os.rmdir(batch)
    except FileNotFoundError:
        pass
    except OSError as error:
        if error.errno not in _STILL_USED:
            raise


def claimed_name(token: str) -> str:
    """The original name of a claimed file."""
    return os.fsdecode(unquote_to_bytes(token.partition("/")[2]))


def _moved(claim: Claim, batch: str, tries: int) -> Claim:
    path = os.path.join(batch, claim.name)
    return replace(claim, token=_token(batch, claim.name), path=path, tries=tries)


def _tries(batch: str) -> int:
    count = batch.partition("-")[2]
    return int(count) if count.isdecimal() else 0


def _token(batch: str, name: str) -> str:
    return f"{os.path.basename(batch)}/{quote_from_bytes(os.fsencode(name))}"
