"""The page of a period: what came in it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from watcher.report.render.bars import Bar, bar_chart
from watcher.report.render.rendering import render
from watcher.store.period_values import FailureCount, ReviewedRow, SlowFile


@dataclass(frozen=True, slots=True, eq=False)
class ReviewItem:
    """A picture that lies in review: (64, 64, 3) uint8 RGB, or None if it can no longer be read."""

    row: ReviewedRow
    picture: NDArray[np.uint8] | None


@dataclass(frozen=True, slots=True)
class PeriodSummary:
    """All that the page of a period shows. Times are stamps.

    `digits`, `times` and `certainties` are bars; `step` says how long a bar of `times` is. `median` is the
    time in seconds within which half of the files got from the inbox to their destination, `late` that of 99
    in 100. `in_review` holds the least certain pictures that still lie in review. `no_longer` counts those
    that were looked for and do not.
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
    in_review: Sequence[ReviewItem]
    no_longer: int
    failures: Sequence[FailureCount]
    slowest: Sequence[SlowFile]

    @property
    def files(self) -> int:
        """How many files came."""
        return self.filed + self.review + self.failed


def period_page(summary: PeriodSummary) -> str:
    """The page of `watcher report --html`."""
    return render(
        "period.html",
        summary=summary,
        digits=bar_chart(summary.digits, name="How many of each digit", across="best guess"),
        times=bar_chart(summary.times, name="When they came", across=f"UTC, {summary.step} a bar"),
        most_certainties=max((bar.total for bar in summary.certainties), default=0),
        most_failures=max((reason.count for reason in summary.failures), default=0),
    )
