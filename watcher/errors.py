"""What can go wrong for a user, each with the exit code it leads to; and which faults pass by themselves."""

import errno

_PASSING = frozenset(
    {
        *(errno.ENOSPC, errno.EDQUOT, errno.EROFS),
        *(errno.EIO, errno.ENXIO, errno.ENODEV, errno.ESTALE, errno.ETIMEDOUT),
        *(errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN, errno.ENOLCK, errno.ENOBUFS),
        *(errno.EBUSY, errno.EINTR),
    }
)
"""No space or no right to write on the whole disk; a disk that does not answer; too much in use at once."""


class WatcherError(Exception):
    """Something a user can understand and mend; its text says what, where, and what to do.

    `passes` tells a fault of the surroundings, after whose end the same will succeed, from one that stays.
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
    """These bytes are no picture that can be read; the text is the reason."""


class LacksMemory(Unreadable):
    """There was not the memory to read this picture, which need not be its fault."""


class UnfitReferencesError(WatcherError):
    """These pictures and labels cannot serve as references."""


def passes(fault: BaseException) -> bool:
    """Whether a fault is one of the surroundings: once they are in order again, the same will succeed.

    A full or unreachable disk, too many open files, a database that somebody else holds. All else stays
    whatever is waited for.
    """
    if isinstance(fault, OSError):
        return fault.errno in _PASSING
    return isinstance(fault, MemoryError) or (isinstance(fault, WatcherError) and fault.passes)
