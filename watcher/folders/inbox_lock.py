"""The lock on the inbox, and whether the folder at its path is still the locked one."""

import errno
import os
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from watcher.errors import WatcherError
from watcher.folders.claims import Claims
from watcher.folders.disk import require_one_disk
from watcher.folders.locks import try_lock
from watcher.text import error_text, printable

_DELETED = " (deleted)"


@dataclass(frozen=True, slots=True)
class _Held:
    """The folder and its claims, kept open: until they are closed, no other folder can get their identity."""

    inbox: int
    claimed: int

    def close(self) -> None:
        os.close(self.claimed)
        os.close(self.inbox)


class InboxLock:
    """Holds an inbox for this process alone, with a lock on its claims that ends with the process."""

    def __init__(self, inbox: Path, outbox: Path, claims: Claims) -> None:
        self.inbox = inbox
        self._outbox = outbox
        self._claims = claims
        self._held: _Held | None = None

    def take(self) -> None:
        """Lock the folder at the path, and move the claims of the folder held before into it.

        Raises WatcherError or OSError if that is impossible; then everything stays as it is.
        """
        with ExitStack() as on_failure:
            inbox = os.open(self.inbox, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            on_failure.callback(os.close, inbox)
            if not self._claims.path.exists():
                self._claims.make()
                on_failure.callback(self._remove_claims)
            claimed = self._locked_claims()
            on_failure.callback(os.close, claimed)
            require_one_disk(self._claims.path, self._outbox)
            on_failure.pop_all()
        before, self._held = self._held, _Held(inbox, claimed)
        if before is not None:
            self._move_claims(before.claimed)
            before.close()

    def fault(self) -> str | None:
        """Why the folder at the path is not the one that is held; None if it is, and can be read."""
        assert self._held is not None
        try:
            inbox = os.open(self.inbox, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                is_ours = _is_same(inbox, self._held.inbox)
            finally:
                os.close(inbox)
            if not is_ours:
                return "another folder lies in its place"
            if not os.path.samestat(os.lstat(self._claims.path), os.fstat(self._held.claimed)):
                return f"{printable(str(self._claims.path))} was replaced"
        except OSError as error:
            return error_text(error)
        return None

    def require(self) -> None:
        """Raises FileNotFoundError if the folder at the path is not the one that is held."""
        fault = self.fault()
        if fault is not None:
            raise FileNotFoundError(errno.ENOENT, fault)

    def current_path(self) -> str | None:
        """The path of the held folder now; None if it was deleted, or if the system does not say."""
        assert self._held is not None
        try:
            path = os.readlink(f"/proc/self/fd/{self._held.inbox}")
        except OSError:
            return None
        return None if path.endswith(_DELETED) else path

    def close(self) -> None:
        """Release the lock."""
        if self._held is not None:
            self._held.close()
            self._held = None

    def _locked_claims(self) -> int:
        """Open and lock the folder of claims."""
        claimed = os.open(self._claims.path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        if self._held is not None and _is_same(claimed, self._held.claimed):
            os.close(claimed)  # a second lock on it would be refused: this process holds the first
            return os.dup(self._held.claimed)
        with ExitStack() as on_failure:
            on_failure.callback(os.close, claimed)
            if not try_lock(claimed):
                raise WatcherError(f"another watcher already watches {printable(str(self.inbox))}")
            on_failure.pop_all()
        return claimed

    def _remove_claims(self) -> None:
        with suppress(OSError):
            os.rmdir(self._claims.path)

    def _move_claims(self, claimed: int) -> None:
        """Move each batch of claims to the new folder. One that cannot be moved stays whole where it is."""
        with suppress(OSError):
            for batch in os.listdir(claimed):
                with suppress(OSError):
                    os.rename(batch, os.path.join(self._claims.path, batch), src_dir_fd=claimed)


def _is_same(descriptor: int, other: int) -> bool:
    return os.path.samestat(os.fstat(descriptor), os.fstat(other))
