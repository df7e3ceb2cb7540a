"""The daemon's end: asked for or forced, under load or before it is ready, of itself or of a worker."""

import os
import re
import signal
from pathlib import Path

import pytest
from daemon import Daemon, Place, is_alive, reference_picture
from support import read_files, wait_until


def drop(place: Place, count: int, prefix: str) -> list[tuple[str, bytes]]:
    """Write so many pictures into the inbox, each under a name of its own."""
    dropped = []
    for index in range(count):
        name, content = f"{prefix}-{index}.jpg", reference_picture(index % 10, index // 10 % 40)
        (place.inbox / name).write_bytes(content)
        dropped.append((name, content))
    return dropped


def blocks(pid: int, number: int) -> bool:
    """Whether a process does not hear a signal."""
    (blocked,) = re.findall(r"SigBlk:\s*(\w+)", Path(f"/proc/{pid}/status").read_text())
    return bool(int(blocked, 16) & 1 << number - 1)


@pytest.mark.parametrize(("number", "group"), [(signal.SIGTERM, False), (signal.SIGINT, True)])
def test_asked_to_stop_under_load_it_finishes_what_it_claimed_and_leaves_the_rest(
    place: Place, number: int, *, group: bool
) -> None:
    dropped = dict(drop(place, 600, "early"))
    with Daemon(place, workers__count=1) as daemon:
        workers = daemon.children()
        assert len(workers) == 1
        assert blocks(workers[0], number)
        wait_until(place.rows)
        dropped |= drop(place, 50, "late")
        daemon.stop(number, group=group)
    assert not any(map(is_alive, workers))
    assert list(place.claimed.iterdir()) == []
    left = read_files(place.inbox)
    assert left
    assert left.items() <= dropped.items()
    for name in left:
        (place.inbox / name).unlink()
    place.audit((name, content) for name, content in dropped.items() if name not in left)
    assert daemon.events()[-1]["event"] == "stopped"


def test_a_worker_that_is_killed_takes_nothing_with_it(place: Place) -> None:
    with Daemon(place, workers__count=2) as daemon:
        dropped = drop(place, 150, "first")
        os.kill(daemon.children()[0], signal.SIGKILL)
        dropped += drop(place, 50, "second")
        wait_until(lambda: place.filed() == 200)
        assert not {row["destination"].split("/")[0] for row in place.rows()} & {"failed"}
    place.audit(dropped)


def test_workers_die_with_a_daemon_that_is_killed(place: Place) -> None:
    with Daemon(place, workers__count=2) as daemon:
        workers = daemon.children()
        assert len(workers) == 2
        daemon.kill()
    wait_until(lambda: not any(map(is_alive, workers)), 5)


def test_asked_to_stop_while_it_gets_ready_it_stops_as_well(workplace: Path) -> None:
    daemon = Daemon(Place(workplace), workers__count=1)
    wait_until(lambda: daemon.said("made"))
    daemon.stop(signal.SIGINT, group=True)
    assert daemon.events()[-1]["event"] in {"stopped before it was ready", "stopped"}
