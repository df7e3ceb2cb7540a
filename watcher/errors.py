"""The errors a user can see, with their exit codes; and which faults pass by themselves."""

import errno

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
