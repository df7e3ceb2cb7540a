"""How fast watcher is: `make bench`, or `python tests/benchmarks [ROW...]`.

Every figure stands beside what it is held against, taken in the same minutes on the same disk.
"""

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT)]

from benchmarks.exact import exact  # noqa: E402
from benchmarks.latency import load, singles, steady  # noqa: E402
from benchmarks.matching import nearest_neighbors, tutorial_rule  # noqa: E402
from benchmarks.resting import idle, memory, ready  # noqa: E402
from benchmarks.rows import Row  # noqa: E402
from benchmarks.scale import FULL, SHORT, Scale  # noqa: E402
from benchmarks.scene import train_many, train_shipped  # noqa: E402
from benchmarks.stages import stages  # noqa: E402
from benchmarks.throughput import full_inbox, growth, many_references, references  # noqa: E402
from helpers import daemon  # noqa: E402 - tests/ is no package, and is found by the line above


def benchmarks(scale: Scale, here: Path, source: Path | None = None) -> dict[str, Callable[[], list[Row]]]:
    """Every benchmark by its name; the places they need are made when the first one asks."""

    def shipped() -> Path:
        folder = here / "shipped"
        return folder if folder.exists() else train_shipped(folder)

    def knowing(count: int) -> Path:
        folder = here / f"knowing-{count}"
        return folder if folder.exists() else train_many(folder, count, source)

    few, lots = "shipped references", f"{scale.many:,} references"
    return {
        "inbox": lambda: full_inbox(scale, here, shipped()),
        "steady": lambda: steady(scale, here, shipped()),
        "load": lambda: load(scale, here, shipped()),
        "single": lambda: singles(scale, here, shipped()),
        "tutorial": lambda: tutorial_rule(scale),
        "many": lambda: many_references(scale, here, shipped(), knowing(scale.many)),
        "references": lambda: references(scale, here, knowing),
        "ready": lambda: ready(scale, here, shipped(), few, "1.5 s"),
        "ready-many": lambda: ready(scale, here, knowing(scale.many), lots, "3 s"),
        "memory": lambda: memory(scale, here, knowing(scale.many)),
        "idle": lambda: idle(scale, here, shipped()),
        "growth": lambda: growth(scale, here, shipped()),
        "sklearn": lambda: nearest_neighbors(scale),
        "exact": lambda: exact(scale, source),
        "stages": lambda: stages(scale, here),
    }


def main() -> None:
    """Print a row for each benchmark as soon as it is known."""
    names = list(benchmarks(SHORT, Path()))
    ask = argparse.ArgumentParser(prog="tests/benchmarks", description=__doc__)
    ask.add_argument("rows", nargs="*", metavar="ROW", help=f"of: {', '.join(names)}; all, if none is named")
    ask.add_argument("--short", action="store_true", help="just enough to see that they work")
    ask.add_argument("--json", action="store_true", help="one JSON object a row")
    ask.add_argument("--references", type=Path, help="a folder of images DIGIT_*.png to know, not drawn ones")
    ask.add_argument("--tries", type=int, help="how often what is compared is measured, instead of 5 times")
    ask.add_argument("--on", type=Path, default=Path(), help="a folder of the disk to measure on")
    asked = ask.parse_args()
    unknown = set(asked.rows) - set(names)
    if unknown:
        ask.error(f"no such row: {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    scale = SHORT if asked.short else FULL
    if asked.tries is not None:
        scale = replace(scale, tries=max(asked.tries, 1))
    daemon.WATCHER = (str(Path(sys.executable).with_name("watcher")),)  # as users start it, not forked
    here = Path(tempfile.mkdtemp(prefix=".bench-", dir=asked.on)).absolute()
    try:
        for name, measure in benchmarks(scale, here, asked.references).items():
            if not asked.rows or name in asked.rows:
                for row in measure():
                    print(json.dumps(row.as_json()) if asked.json else _line(row), flush=True)  # noqa: T201
    finally:
        shutil.rmtree(here)


def _line(row: Row) -> str:
    return f"| {row.what} | {row.measured} | {row.wanted} | {row.details} |"


if __name__ == "__main__":
    main()
