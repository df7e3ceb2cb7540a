"""Pictures a second from a full inbox: with few references and many, and as the log and the outbox grow."""

import itertools
import sqlite3
import statistics
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path

from benchmarks.floor import floor
from benchmarks.rows import Row, listed
from benchmarks.scale import Scale
from benchmarks.scene import empty, fill, pictures, scene
from helpers.daemon import Workspace

DIFFERENT = 2000  # pictures that are repeated under other names
LINKS = 50_000  # names that one file may have


def full_inbox(scale: Scale, here: Path, shipped: Path) -> list[Row]:
    """The share of the floor that is reached with the shipped references, floor and daemon taken in turn."""
    files = pictures(min(scale.waiting, DIFFERENT))
    speeds, floors = [], []
    for number in range(scale.tries):
        floors.append(floor(files, min(scale.waiting, 5000), here / f"floor-{number}"))
        speeds.append(_speed(here, shipped, files, scale.waiting))
    ratios = [speed / of_floor for speed, of_floor in zip(speeds, floors, strict=True)]
    return [
        Row(
            f"full inbox, {scale.waiting:,} waiting, shipped references",
            f"{statistics.median(ratios):.3f} of the floor, {statistics.median(speeds):,.0f} a second",
            "0.5 of the floor, then 1.0",
            f"a second {listed(speeds)}; floor {listed(floors)}",
        )
    ]


def many_references(scale: Scale, here: Path, shipped: Path, many: Path) -> list[Row]:
    """Pictures a second with many references, and how much more one picture costs than with few."""
    files = pictures(min(scale.waiting, DIFFERENT))
    count = max(scale.waiting // 4, 1)
    tries = [
        [_speed(here, workspace, files, count) for workspace in (shipped, many)] for _ in range(scale.tries)
    ]
    fast, slow = zip(*tries, strict=True)
    ratio = statistics.median(few / lots for few, lots in tries)
    return [
        Row(
            f"full inbox, {count:,} waiting, {scale.many:,} references",
            f"{statistics.median(slow):,.0f} a second, {ratio:.2f} times the cost with the shipped ones",
            "800 a second, 3 times",
            f"a second {listed(slow)}; shipped {listed(fast)}",
        )
    ]


def references(scale: Scale, here: Path, knowing: Callable[[int], Path]) -> list[Row]:
    """Pictures a second with ever more references, in turn; `knowing` gives a place of so many."""
    files = pictures(min(scale.waiting, DIFFERENT))
    count = max(scale.waiting // 4, 1)
    workspaces = {size: knowing(size) for size in scale.references}
    tries = [
        {size: _speed(here, workspaces[size], files, count) for size in workspaces}
        for _ in range(scale.tries)
    ]
    rows = []
    for size in workspaces:
        speeds = [speed[size] for speed in tries]
        middle = statistics.median(speeds)
        rows.append(
            Row(
                f"full inbox, {count:,} waiting, {size:,} references",
                f"{middle:,.0f} a second",
                "",
                listed(speeds),
                {"references": size, "speed": middle},
            )
        )
    return rows


def growth(scale: Scale, here: Path, shipped: Path) -> list[Row]:
    """Throughput where log and outbox hold ever more, taken in turn."""
    files = pictures(min(scale.waiting, DIFFERENT))
    count = max(scale.waiting // 4, 1)
    with ExitStack() as scenes:
        workspaces = {
            size: scenes.enter_context(scene(here / f"grown-{size}", shipped)) for size in scale.grown
        }
        for size, workspace in workspaces.items():
            _grow(workspace, size)
        tries = [
            {size: _refilled(workspace, files, count) for size, workspace in workspaces.items()}
            for _ in range(scale.tries)
        ]
    least = scale.grown[0]
    shares = {size: statistics.median(speed[size] / speed[least] for speed in tries) for size in scale.grown}
    return [
        Row(
            f"{least:,} to {scale.grown[-1]:,} rows in the log and files in the outbox",
            f"{min(shares.values()):.2f} of the speed with {least:,}",
            "0.90 or more",
            "; ".join(
                f"{size:,}: {share:.2f}, {listed([speed[size] for speed in tries])} a second"
                for size, share in shares.items()
            ),
        )
    ]


def _speed(here: Path, furnished: Path, files: list[bytes], count: int) -> float:
    with scene(here / "inbox-place", furnished) as workspace:
        fill(workspace, files, count)
        return empty(workspace)


def _refilled(workspace: Workspace, files: list[bytes], count: int) -> float:
    fill(workspace, files, count)
    return empty(workspace)


def _grow(workspace: Workspace, size: int) -> None:
    """Have the log hold `size` rows, and the outbox as many files, as if they had been filed long ago."""
    first = workspace.outbox / "0"
    with closing(sqlite3.connect(workspace.database)) as connection:
        connection.executemany(
            "INSERT INTO results (name, sha256, digit, certainty, runner_up, scores, status, destination,"
            " arrived_at, decided_at, filed_at, claim, reference_version)"
            " VALUES (?, ?, ?, 0.99, 1, '[0,0,0,0,0,0,0,0,0,0]', 'filed', ?, ?, ?, ?, ?, 1)",
            (
                (f"old-{number}.png", f"{number:064x}", number % 10, f"{number % 10}/old-{number}.png")
                + ("2025-01-01T00:00:00.000000Z",) * 3
                + (f"grown/{number}",)
                for number in range(size)
            ),
        )
        connection.commit()
    for start in range(0, size, LINKS):
        source = first / f"old-{start - start % 10}.png"
        for number in itertools.islice(range(start, size), LINKS):
            file = workspace.outbox / str(number % 10) / f"old-{number}.png"
            if number == start:
                source = file
                source.write_bytes(b"old")
            else:
                file.hardlink_to(source)
