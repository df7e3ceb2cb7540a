"""The hold on the inbox: the sole right to it, and whether the folder at its path is the one that is held."""

import errno
import os
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from watcher.errors import WatcherError
from watcher.folders.claims import Claims
from watcher.folders.disk import require_one_disk
from watcher.folders.locks import try_lock
from watcher.text import in_words, printable

_DELETED = " (deleted)"


@dataclass(frozen=True, slots=True)
class _Held:
    """The folder and its claims, kept open: while they are, no other folder can pass for one of them."""

    inbox: int
    claimed: int

    def close(self) -> None:
        os.close(self.claimed)
        os.close(self.inbox)


class InboxLock:
    """Holds an inbox for this process alone, by a lock on its claims that dies with the process."""

    def __init__(self, inbox: Path, outbox: Path, claims: Claims) -> None:
        self.inbox = inbox
        self._outbox = outbox
        self._claims = claims
        self._held: _Held | None = None

    def take(self) -> None:
        """Take the folder that lies at the path now, and bring over what was claimed in the one held before.

        Where that cannot be, all stays as it is. Raises WatcherError or OSError.
        """
        with ExitStack() as on_failure:
            inbox = os.open(self.inbox, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            on_failure.callback(os.close, inbox)
            if not self._claims.path.exists():
                self._claims.make()
                on_failure.callback(self._unmake)
            claimed = self._locked_claims()
            on_failure.callback(os.close, claimed)
            require_one_disk(self._claims.path, self._outbox)
            on_failure.pop_all()
        before, self._held = self._held, _Held(inbox, claimed)
        if before is not None:
            self._bring_over(before.claimed)
            before.close()

    def fault(self) -> str | None:
        """Why the folder at the path is not the one that is held; None where it is, and can be read."""
        assert self._held is not None
        try:
            inbox = os.open(self.inbox, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                is_same = _is_one(inbox, self._held.inbox)
            finally:
                os.close(inbox)
            if not is_same:
                return "another folder lies in its place"
            if not os.path.samestat(os.lstat(self._claims.path), os.fstat(self._held.claimed)):
                return f"{printable(str(self._claims.path))} was replaced"
        except OSError as error:
            return in_words(error)
        return None

    def require(self) -> None:
        """Raises FileNotFoundError if the folder at the path is not the one that is held."""
        fault = self.fault()
        if fault is not None:
            raise FileNotFoundError(errno.ENOENT, fault)

    def current_path(self) -> str | None:
        """Where the folder that is held lies now; None where it was deleted, or the system does not tell."""
        assert self._held is not None
        try:
            path = os.readlink(f"/proc/self/fd/{self._held.inbox}")
        except OSError:
            return None
        return None if path.endswith(_DELETED) else path

    def close(self) -> None:
        """Let go."""
        if self._held is not None:
            self._held.close()
            self._held = None

    def _locked_claims(self) -> int:
        """The folder of claims, open and locked."""
        claimed = os.open(self._claims.path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        if self._held is not None and _is_one(claimed, self._held.claimed):
            os.close(claimed)  # its lock would be refused: it is ours already
            return os.dup(self._held.claimed)
        with ExitStack() as on_failure:
            on_failure.callback(os.close, claimed)
            if not try_lock(claimed):
                raise WatcherError(f"another watcher is at work on {printable(str(self.inbox))} already")
            on_failure.pop_all()
        return claimed

    def _unmake(self) -> None:
        with suppress(OSError):
            os.rmdir(self._claims.path)

    def _bring_over(self, claimed: int) -> None:
        """Move each batch of claims here; what cannot be moved stays, and is whole, where it is."""
        with suppress(OSError):
            for batch in os.listdir(claimed):
                with suppress(OSError):
                    os.rename(batch, os.path.join(self._claims.path, batch), src_dir_fd=claimed)


def _is_one(descriptor: int, other: int) -> bool:
    return os.path.samestat(os.fstat(descriptor), os.fstat(other))
