"""From closed to filed: at a steady 200 pictures a second, and one by one."""

import time
from datetime import datetime
from pathlib import Path

from benchmarks.rows import Row, percentiles
from benchmarks.scale import Scale
from benchmarks.scene import pictures, scene
from helpers.daemon import Daemon, Workspace
from helpers.support import wait_until

RATE = 200.0


def steady(scale: Scale, here: Path, shipped: Path) -> list[Row]:
    """Arrivals at a rate that leaves the daemon time to spare."""
    return [
        _row(f"{scale.arrivals:,} arrivals at {RATE:.0f} a second", "p50 10 ms, p99 40 ms", delays)
        for delays in [_delays(here, shipped, scale.arrivals, 1 / RATE)]
    ]


def singles(scale: Scale, here: Path, shipped: Path) -> list[Row]:
    """One picture at a time, dropped on a daemon that has nothing to do."""
    return [
        _row(f"{scale.singles:,} pictures one by one", "p50 6 ms, p99 20 ms", delays)
        for delays in [_delays(here, shipped, scale.singles, 0.2)]
    ]


def load(scale: Scale, here: Path, shipped: Path) -> list[Row]:
    """Arrivals at ever higher rates, a row each, up to more than can be sorted."""
    return [
        _row(f"{rate:.0f} arrivals a second for {scale.load_seconds:g} s", "", delays, rate)
        for rate in scale.rates
        for delays in [_delays(here, shipped, int(rate * scale.load_seconds), 1 / rate)]
    ]


def _delays(here: Path, furnished: Path, count: int, pause: float) -> list[float]:
    """Seconds from closed to filed of each of so many pictures, dropped with a pause between them."""
    files = pictures(min(count, 1000))
    with scene(here / "latency", furnished) as workspace, Daemon(workspace):
        closed = {}
        start = time.monotonic()
        for number in range(count):
            time.sleep(max(0.0, start + number * pause - time.monotonic()))
            name = f"scan-{number:07d}.png"
            (workspace.inbox / name).write_bytes(files[number % len(files)])
            closed[name] = time.time()
        wait_until(lambda: workspace.filed() == count, 60)
        return [_seconds(row["filed_at"]) - closed[row["name"]] for row in Workspace(workspace.path).rows()]


def _seconds(stamp: str) -> float:
    return datetime.fromisoformat(stamp).timestamp()


def _row(what: str, wanted: str, delays: list[float], rate: float | None = None) -> Row:
    middle, most = percentiles(delays)
    return Row(
        f"{what}, closed to filed",
        f"p50 {middle * 1000:.1f} ms, p99 {most * 1000:.1f} ms",
        wanted,
        f"longest {max(delays) * 1000:.1f} ms",
        {} if rate is None else {"rate": rate, "p50": middle, "p99": most},
    )
