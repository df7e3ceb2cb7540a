"""Losing the inbox while pictures keep coming, again and again; and how soon the daemon hears of a file.

`tests/test_supervision.py` tries each way of losing it once.
"""

import json
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from campaigns.figures import tell
from campaigns.producer import content
from helpers.daemon import Daemon, Workspace, environment, reference_picture
from helpers.mounts import may_mount, mounted
from helpers.support import wait_until

SECONDS = 2.0
"""How long it may take until a loss is noticed, and until a return is healed."""
TOLD_SECONDS = 0.01
"""How long the 99th of a hundred closed files may take until the daemon knows of it."""
LISTENER = Path(__file__).with_name("listener.py")


class Arrivals:
    """Drops pictures, each with bytes of its own."""

    def __init__(self, workspace: Workspace) -> None:
        self._place = workspace
        self.dropped: list[tuple[str, bytes]] = []

    def drop(self, count: int) -> None:
        for _ in range(count):
            number = len(self.dropped)
            name = f"scan-{number}.jpg"
            picture = content(reference_picture(number % 10, number // 10 % 40), name)
            (self._place.inbox / name).write_bytes(picture)
            self.dropped.append((name, picture))


def renamed_away(workspace: Workspace, lost: Callable[[], None]) -> None:
    workspace.inbox.rename(workspace.path / "elsewhere")
    lost()
    (workspace.path / "elsewhere").rename(workspace.inbox)


def replaced(workspace: Workspace, lost: Callable[[], None]) -> None:
    """The old one's files are moved over, as who does such a thing would."""
    workspace.inbox.rename(workspace.path / "old")
    lost()
    workspace.inbox.mkdir()
    wait_until(workspace.claimed.exists)
    for path in (workspace.path / "old").glob("*.jpg"):
        path.rename(workspace.inbox / path.name)
    wait_until(lambda: not any((workspace.path / "old" / ".claimed").iterdir()))
    shutil.rmtree(workspace.path / "old")


def mounted_over(workspace: Workspace, lost: Callable[[], None]) -> None:
    with mounted(workspace.inbox):
        lost()


def lose(daemon: Daemon, way: Callable[[Workspace, Callable[[], None]], None]) -> tuple[float, float]:
    """Seconds until the loss was noticed, and until the return was."""
    moments = [time.monotonic()]
    losses = len(daemon.said("inbox lost"))

    def lost() -> None:
        wait_until(lambda: len(daemon.said("inbox lost")) > losses, 60)
        moments.append(time.monotonic())

    way(daemon.workspace, lost)
    back = time.monotonic()
    wait_until(lambda: len(daemon.said("inbox back")) == len(daemon.said("inbox lost")), 60)
    return moments[1] - moments[0], time.monotonic() - back


@pytest.mark.campaign
@pytest.mark.timeout(1800)
def test_an_inbox_that_is_lost_sixty_times_loses_nothing(workspace: Workspace) -> None:
    chance = random.Random(60)  # noqa: S311 - keeps no secret
    ways = [renamed_away, replaced, *([mounted_over] if may_mount() else [])]
    arrivals, noticed, healed = Arrivals(workspace), 0.0, 0.0
    with Daemon(workspace, workers__count=1) as daemon:
        for number in range(60):
            arrivals.drop(30)
            time.sleep(chance.uniform(0, 0.3))
            seconds = lose(daemon, ways[number % len(ways)])
            noticed, healed = max(noticed, seconds[0]), max(healed, seconds[1])
        wait_until(lambda: workspace.filed() == len(arrivals.dropped), 120)
        times = len(daemon.said("inbox lost"))
        assert daemon.said("somebody removed a claimed file") == []
    workspace.audit(arrivals.dropped)
    tell(
        "lost inbox",
        times=times,
        files=len(arrivals.dropped),
        slowest_noticed=round(noticed, 2),
        slowest_healed=round(healed, 2),
    )
    assert times == 60
    assert max(noticed, healed) <= SECONDS


@pytest.mark.campaign
@pytest.mark.timeout(300)
def test_a_closed_file_is_known_of_at_once_while_others_are_taken_away(workspace: Workspace) -> None:
    count, rate = 4000, 200.0
    settings = environment({"recognition__rule": "nearest"})
    closed: dict[str, float] = {}
    with (workspace.path / "log.jsonl").open("wb") as log:
        process = subprocess.Popen([sys.executable, LISTENER], cwd=workspace.path, env=settings, stdout=log)
    wait_until(lambda: '"ready"' in (workspace.path / "log.jsonl").read_text(), 60)
    start, picture = time.monotonic(), reference_picture(7)
    for number in range(count):
        time.sleep(max(0.0, start + number / rate - time.monotonic()))
        path = workspace.inbox / f"{number}.jpg"
        path.write_bytes(picture)
        closed[str(path)] = time.monotonic()
    wait_until(lambda: workspace.filed() == count, 120, pause=0.1)
    process.terminate()
    assert process.wait(30) == 0
    # A file is told of when it is made, and when it is closed; nothing is told of it after that.
    told = dict(map(json.loads, (workspace.path / "hints.jsonl").read_text().splitlines()))
    delays = sorted(max(0.0, told[path] - moment) for path, moment in closed.items())
    p50, p99 = (round(1000 * delays[count * share // 100], 2) for share in (50, 99))
    tell("told of closed files", files=count, a_second=rate, milliseconds_p50=p50, p99=p99)
    assert p99 <= 1000 * TOLD_SECONDS
