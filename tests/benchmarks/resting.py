"""What the daemon costs while nothing comes: until it is ready, memory, processor."""

import os
import time
from pathlib import Path

from benchmarks.rows import Row, listed, median_of
from benchmarks.scale import Scale
from benchmarks.scene import fill, pictures, scene
from helpers.daemon import Daemon
from helpers.support import wait_until

TICKS = os.sysconf("SC_CLK_TCK")


def ready(scale: Scale, here: Path, furnished: Path, what: str, wanted: str) -> list[Row]:
    """Seconds from the start of the process until it says that it is ready."""

    def once(_number: int) -> float:
        with scene(here / "ready", furnished) as workspace:
            start = time.perf_counter()
            with Daemon(workspace):
                return time.perf_counter() - start

    middle, tries = median_of(scale.tries, once)
    return [Row(f"ready after start, {what}", f"{middle:.2f} s", wanted, listed(tries, ".2f"))]


def memory(scale: Scale, here: Path, many: Path) -> list[Row]:
    """Daemon and workers together after some work, pages that they share counted once."""
    files = pictures(200)
    with scene(here / "memory", many) as workspace, Daemon(workspace) as daemon:
        fill(workspace, files, 200)
        wait_until(lambda: workspace.filed() == 200, 60)
        processes = [daemon.process.pid, *daemon.workers()]
        megabytes = [_proportional(process) / 1024 for process in processes]
    return [
        Row(
            f"memory, daemon and workers, {scale.many:,} references",
            f"{sum(megabytes):.0f} MB",
            "600 MB",
            f"daemon {megabytes[0]:.0f}, workers {listed(megabytes[1:])}",
        )
    ]


def idle(scale: Scale, here: Path, shipped: Path) -> list[Row]:
    """The share of one core that is used while nothing comes."""
    with scene(here / "idle", shipped) as workspace, Daemon(workspace) as daemon:
        processes = [daemon.process.pid, *daemon.workers()]
        before = sum(map(_processor_seconds, processes))
        time.sleep(scale.idle_seconds)
        used = sum(map(_processor_seconds, processes)) - before
    return [
        Row(
            f"processor, idle for {scale.idle_seconds:.0f} s",
            f"{100 * used / scale.idle_seconds:.2f} % of one core",
            "0.2 %",
        )
    ]


def _proportional(process: int) -> int:
    """Kilobytes of a process, those it shares with others divided among them."""
    lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def _processor_seconds(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS
