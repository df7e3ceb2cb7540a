"""The page of what came in a period."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from watcher.report.render.bars import Bar, bar_chart
from watcher.report.render.rendering import render


@dataclass(frozen=True, slots=True)
class Reason:
    """Why files failed, how many, and the newest of them; times are stamps."""

    words: str
    count: int
    name: str
    at: str


@dataclass(frozen=True, slots=True)
class Delay:
    """A file that took long, in seconds."""

    name: str
    status: str
    seconds: float
    at: str


@dataclass(frozen=True, slots=True, eq=False)
class ReviewItem:
    """A picture that lies in review: (64, 64, 3) uint8 RGB, or None where it cannot be read any more."""

    name: str
    digit: int
    runner_up: int | None
    certainty: float
    reason: str
    at: str
    picture: NDArray[np.uint8] | None


@dataclass(frozen=True, slots=True)
class PeriodSummary:
    """All that a page tells of a period. Times are stamps, `median` and `late` (99 of 100) seconds.

    `digits`, `times` and `certainties` are bars, `step` says how long one of `times` is; `doubts` the least
    certain that still lie in review, `no_longer` how many as uncertain as these do not.
    """

    since: str
    until: str
    made_at: str
    filed: int
    review: int
    failed: int
    review_below: float
    digits: Sequence[Bar]
    times: Sequence[Bar]
    step: str
    certainties: Sequence[Bar]
    median: float | None
    late: float | None
    doubts: Sequence[ReviewItem]
    no_longer: int
    failures: Sequence[Reason]
    slowest: Sequence[Delay]

    @property
    def files(self) -> int:
        """How many files came."""
        return self.filed + self.review + self.failed


def period_page(told: PeriodSummary) -> str:
    """The page of `watcher report --html`."""
    return render(
        "period.html",
        told=told,
        digits=bar_chart(told.digits, name="How many of each digit", across="best guess"),
        times=bar_chart(told.times, name="When they came", across=f"UTC, {told.step} a bar"),
        most_certainties=max((bar.total for bar in told.certainties), default=0),
        most_failures=max((reason.count for reason in told.failures), default=0),
    )
