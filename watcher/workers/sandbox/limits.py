"""Limits that the kernel enforces in the program's own processes; only on Linux."""

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
"""A core size limit, in bytes, with which Linux writes no core dump, even if a program collects them."""


def die_with(parent: int) -> None:
    """End this process when its parent ends; a worker without a parent would wait forever."""
    if sys.platform == "linux":
        _libc().prctl(SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)


def confine(memory: int) -> None:
    """Limit this process to `memory` bytes more than it has now, and let it end without traces.

    If the whole system runs out of memory, the kernel ends this process first. It leaves no core dump, which
    would contain a picture. What decoders print is discarded: libtiff writes about damaged files to the
    standard error stream, and the reason of the failed file says it better.
    """
    if sys.platform == "linux":
        _, most = resource.getrlimit(resource.RLIMIT_CORE)
        core = 0 if most == 0 else NO_CORE
        # Making the process not dumpable would also do, but then only root can read its /proc files.
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
