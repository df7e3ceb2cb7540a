"""Processes that read pictures have limits, for root and for any other user."""

import ctypes
import faulthandler
import os
import resource
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from watcher.workers.sandbox.limits import confine

NOBODY = 65534
SET_DUMPABLE = 4
MEMORY = 2**30

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux is asked for it")


def in_a_child(work: Callable[[], object]) -> int:
    """The exit status of a child that does this."""
    pid = os.fork()
    if pid == 0:
        try:
            work()
            os._exit(0)
        finally:
            os._exit(1)
    return os.waitpid(pid, 0)[1]


@pytest.mark.parametrize("user", [0, NOBODY], ids=["root", "nobody"])
def test_limits_hold_for_any_user(user: int) -> None:
    if os.geteuid() != 0 and user != os.geteuid():
        pytest.skip("only root can be another")

    def work() -> None:
        os.setgid(user)
        os.setuid(user)
        ctypes.CDLL(None).prctl(SET_DUMPABLE, 1)  # as a program is that was started by this user
        confine(MEMORY)
        assert Path("/proc/self/oom_score_adj").read_text() == "1000\n"
        assert Path(f"/proc/{os.getpid()}/stat").stat().st_uid == user, "its parent may look how it is"
        assert resource.getrlimit(resource.RLIMIT_AS)[1] > MEMORY

    assert in_a_child(work) == 0


@pytest.mark.parametrize("allowed", [0, 1, resource.RLIM_INFINITY])
def test_it_leaves_no_core_dump(tmp_path: Path, allowed: int) -> None:
    def work() -> None:
        faulthandler.disable()
        os.chdir(tmp_path)
        resource.setrlimit(resource.RLIMIT_CORE, (allowed, allowed))
        confine(MEMORY)
        os.kill(os.getpid(), signal.SIGSEGV)

    status = in_a_child(work)
    assert os.WTERMSIG(status) == signal.SIGSEGV
    assert not os.WCOREDUMP(status)
    assert list(tmp_path.iterdir()) == []
