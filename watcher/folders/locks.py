"""Whether a daemon is at work on an inbox, told without being in its way."""

import fcntl
import os
import re
from contextlib import suppress
from pathlib import Path


def is_held(claimed: Path) -> bool:
    """Whether a process has taken the folder of claims for itself. Raises OSError where there is none.

    Asking takes a shared lock for an instant, so that those who only ask are not in each other's way.
    """
    descriptor = os.open(claimed, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(descriptor)


def holder(claimed: Path) -> int | None:
    """The id of the process that holds the lock, where the system tells; see proc_locks(5)."""
    with suppress(OSError):
        inode = os.stat(claimed).st_ino
        with open("/proc/locks", encoding="ascii") as locks:
            held = re.search(rf" FLOCK +\w+ +WRITE (\d+) \w+:\w+:{inode} ", locks.read())
        return int(held[1]) if held else None
    return None
