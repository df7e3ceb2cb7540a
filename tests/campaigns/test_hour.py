"""An hour of arrivals, faults and readers: memory stays, and so does the number of open files.

CAMPAIGN_MINUTES in the environment makes it shorter or longer.
"""

import os
import random
import signal
import time

import numpy as np
import pytest
from campaigns import strace
from campaigns.figures import tell
from campaigns.processes import descriptors, memory
from campaigns.scanner import Scanner
from helpers.daemon import Daemon, Workspace, run
from helpers.support import wait_until

MINUTES = float(os.environ.get("CAMPAIGN_MINUTES", "60"))
WARM_UP = 0.4
"""The share of the time after which nothing should grow any more."""
MOST_GROWTH = 2**20
"""Bytes an hour."""
FAULTS = ("linkat:error=ENOSPC", "fdatasync:error=EIO", "openat:error=EMFILE", "rename:error=EROFS")

pytestmark = [
    pytest.mark.campaign,
    pytest.mark.timeout(int(MINUTES * 60) + 600),
    pytest.mark.skipif(strace.why_not() is not None, reason=str(strace.why_not())),
]


def meddle(daemon: Daemon, chance: random.Random) -> None:
    """One of: a fault for a second, the daemon held for a second, somebody who reads the log."""
    what = chance.choice([*FAULTS, "hold", "read"])
    if what == "hold":
        daemon.process.send_signal(signal.SIGSTOP)
        time.sleep(1)
        daemon.process.send_signal(signal.SIGCONT)
    elif what == "read":
        run(daemon.workspace.path, "results", "--limit", "100")
    else:
        with strace.injected(daemon.process.pid, what):
            time.sleep(1)


def growth(samples: list[tuple[float, int]]) -> float:
    """Bytes an hour: the slope of the straight line that fits best."""
    seconds, sizes = np.array(samples).T
    return float(np.polyfit(seconds, sizes, 1)[0] * 3600)


def test_an_hour_of_load_and_faults_leaves_it_as_it_was(workspace: Workspace) -> None:
    chance = random.Random(60)  # noqa: S311 - keeps no secret
    samples: dict[str, list[tuple[float, int]]] = {"daemon": [], "workers": []}
    opened: list[int] = []
    with Daemon(workspace, workers__executor="processes", workers__count=1) as daemon:
        with Scanner(workspace, rate=30) as scanner:
            start = time.monotonic()
            next_meddling = start + 15
            while (now := time.monotonic()) < start + MINUTES * 60:
                if now > next_meddling:
                    meddle(daemon, chance)
                    next_meddling = now + chance.uniform(10, 30)
                time.sleep(1)
                assert daemon.process.poll() is None, daemon.complaints()
                if now > start + WARM_UP * MINUTES * 60:
                    samples["daemon"].append((now, memory(daemon.process.pid)))
                    samples["workers"].append((now, sum(map(memory, daemon.workers()))))
                    opened.append(descriptors(daemon.process.pid))
            dropped = scanner.stop()
        wait_until(lambda: workspace.filed() == len(dropped), 120, pause=0.1)
        at_rest = descriptors(daemon.process.pid)
    workspace.audit_digests(dropped)
    grown = {who: growth(sampled) for who, sampled in samples.items()}
    tell(
        "hour",
        minutes=MINUTES,
        files=len(dropped),
        memory_mb={who: round(sampled[-1][1] / 2**20, 1) for who, sampled in samples.items()},
        growth_mb_an_hour={who: round(rate / 2**20, 2) for who, rate in grown.items()},
        descriptors={"first": opened[0], "most": max(opened), "at_rest": at_rest},
    )
    assert at_rest <= opened[0]
    assert all(rate <= MOST_GROWTH for rate in grown.values())
