"""What a benchmark finds: one row of the table, and the median of several tries."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Row:
    """A measured figure beside the one wanted; `details` has the single tries, `figures` what is drawn."""

    what: str
    measured: str
    wanted: str
    details: str = ""
    figures: dict[str, float] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return asdict(self)


def median_of(tries: int, measure: Callable[[int], float]) -> tuple[float, list[float]]:
    """The median of so many tries, each given its number, and the tries themselves."""
    found = [measure(number) for number in range(tries)]
    return statistics.median(found), found


def percentiles(values: Sequence[float]) -> tuple[float, float]:
    """The median and the 99th percentile."""
    ordered = sorted(values)
    return statistics.median(ordered), ordered[min(len(ordered) - 1, int(0.99 * len(ordered)))]


def listed(values: Sequence[float], form: str = ".0f") -> str:
    """Single tries in few characters."""
    return ", ".join(format(value, form) for value in values)
