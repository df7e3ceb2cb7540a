"""What the kernel is asked to see to in a process of ours. Linux; elsewhere nothing is asked."""

import ctypes
import os
import signal
import sys
from functools import lru_cache

if sys.platform == "linux":
    import resource

SET_PARENT_DEATH_SIGNAL = 1
FIRST_FOR_THE_OOM_KILLER = b"1000"
ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
"""The environment in which a process uses one core for its linear algebra: the others have work, too."""
NO_CORE = 1
"""The size of core dump, in bytes, that Linux takes for none, also where a program collects them."""


def die_with(parent: int) -> None:
    """End this process when its parent does; a worker alone would wait for ever."""
    if sys.platform == "linux":
        _libc().prctl(SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)


def confine(memory: int) -> None:
    """Let this process take so many bytes of memory more than it has, and make little noise when it dies.

    Where the whole system runs out of memory, the kernel is to end this process before any other. It leaves
    no core dump, which would hold somebody's picture. What decoders print goes nowhere: libtiff tells of
    damaged files on the standard error stream, and the reason of a failed file says it better.
    """
    if sys.platform == "linux":
        _, most = resource.getrlimit(resource.RLIMIT_CORE)
        core = 0 if most == 0 else NO_CORE
        # A process that is not dumpable would do as well, but what /proc tells of it is root's alone.
        resource.setrlimit(resource.RLIMIT_CORE, (core, core))
        with open("/proc/self/oom_score_adj", "wb") as file:  # noqa: PTH123 - no path of ours
            file.write(FIRST_FOR_THE_OOM_KILLER)
        limit = _address_space() + memory
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        nowhere = os.open(os.devnull, os.O_RDWR)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        os.close(nowhere)


@lru_cache(maxsize=1)
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None)


def _address_space() -> int:
    with open("/proc/self/statm", "rb") as file:  # noqa: PTH123 - no path of ours
        return int(file.read().split()[0]) * resource.getpagesize()
