"""The errors a user can see, with their exit codes; which faults pass by themselves; what has to change."""

import errno
import os
import stat
from collections.abc import Sequence
from pathlib import Path

_PASSING = frozenset(
    {
        *(errno.ENOSPC, errno.EDQUOT, errno.EROFS),
        *(errno.EIO, errno.ENXIO, errno.ENODEV, errno.ESTALE, errno.ETIMEDOUT),
        *(errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN, errno.ENOLCK, errno.ENOBUFS),
        *(errno.EBUSY, errno.EINTR),
    }
)
"""The disk is full or read-only; the disk does not answer; too many files or too much memory are in use."""


class WatcherError(Exception):
    """An error that a user can understand and fix; its text says what is wrong, where, and what to do.

    `passes` is true for a fault of the surroundings: once it is over, the same action will succeed.
    """

    exit_code = 1
    passes = False


class ConfigError(WatcherError):
    """The configuration is wrong; `faults` holds every fault, one line each."""

    exit_code = 78  # EX_CONFIG of sysexits.h

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class Unreadable(WatcherError):  # noqa: N818 - names what the file is
    """These bytes cannot be read as a picture; the text is the reason."""


class LacksMemory(Unreadable):
    """There was not enough memory to read this picture; the picture may be fine."""


class UnfitReferencesError(WatcherError):
    """These pictures and labels cannot serve as references."""


def passes(fault: BaseException) -> bool:
    """Whether a fault is one of the surroundings: once it is over, the same action will succeed.

    Examples: a full or unreachable disk, too many open files, a database that another process has locked. Any
    other fault stays, however long one waits.
    """
    if isinstance(fault, OSError):
        return fault.errno in _PASSING
    return isinstance(fault, MemoryError) or (isinstance(fault, WatcherError) and fault.passes)


def to_change(error: OSError) -> Path | None:
    """The file or folder that must change before the same action works; None if the error names none.

    The system names what was asked for, as both ends of a link, and not what refused: the destination's
    folder, or a folder on the way there. If it cannot be found out, the destination's folder is assumed.
    """
    named = (error.filename, error.filename2)
    paths = [Path(os.fsdecode(path)) for path in named if isinstance(path, str | bytes) and path]
    if not paths:
        return None
    found = None
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        found = _refusing(paths)
    elif error.errno in {errno.ENOENT, errno.ENOTDIR}:
        found = next(filter(None, map(_missing, paths)), None)
    goal = paths[-1]
    if found is None and len(paths) > 1 and error.errno not in {errno.EEXIST, errno.ENAMETOOLONG}:
        return goal.parent
    return found or goal


def _refusing(paths: Sequence[Path]) -> Path | None:
    """What this process may not use as it must: a folder on the way, else one of the ends."""
    on_the_way = (folder for path in reversed(paths) for folder in reversed(path.parents))
    closed = next((folder for folder in on_the_way if not os.access(folder, os.X_OK)), None)
    if closed is not None:
        return closed
    if len(paths) == 1 and os.path.lexists(paths[0]) and not os.access(paths[0], os.R_OK | os.W_OK):
        return paths[0]
    for path in reversed(paths):
        if not os.access(path.parent, os.W_OK) or _is_kept_by_sticky_bit(path):
            return path.parent
    return next((path for path in paths if os.path.lexists(path) and not os.access(path, os.W_OK)), None)


def _is_kept_by_sticky_bit(path: Path) -> bool:
    """Whether this process may not move or remove a file because its folder lets only owners do so."""
    try:
        folder, owner = path.parent.stat(), path.lstat().st_uid
    except OSError:
        return False
    return bool(folder.st_mode & stat.S_ISVTX) and os.geteuid() not in {0, owner, folder.st_uid}


def _missing(path: Path) -> Path | None:
    """The first folder on the way that is not there or is none; else the path itself, if it is missing."""
    on_the_way = next((folder for folder in reversed(path.parents) if not folder.is_dir()), None)
    return on_the_way or (None if os.path.lexists(path) else path)
