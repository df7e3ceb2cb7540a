"""The report of a period: collects what its page shows from the log and the outbox."""

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from watcher.errors import Unreadable
from watcher.folders.contents import read_file
from watcher.folders.outbox import Outbox, destination_of
from watcher.recognition import read_picture
from watcher.report.render.bars import Bar
from watcher.report.render.period import PeriodSummary, ReviewItem
from watcher.store.database import Database
from watcher.store.period_counts import Period
from watcher.store.period_values import Counted, ReviewedRow
from watcher.store.timestamps import stamp

MOST_PICTURES = 100
MOST_BARS = 60
HOURS = (1, 2, 3, 6, 12, 24, 7 * 24, 28 * 24, 91 * 24, 364 * 24)
BANDS = (0.0, 0.5, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999)


def summarize(
    database: Database, outbox: Outbox, since: str, until: str, review_below: float
) -> PeriodSummary:
    """The summary of what came between two stamps. The pictures in review are read from the outbox."""
    period = Period(database, since, until)
    start = datetime.fromisoformat(max(since, period.first() or since))
    end = datetime.fromisoformat(min(until, stamp(time.time())))
    hours = next((hours for hours in HOURS if (end - start) / timedelta(hours=hours) < MOST_BARS), HOURS[-1])
    bands = sorted({*BANDS, review_below} - {1.0})
    counted = period.counted(13 if hours < 24 else 10, bands)
    statuses = Counter[str]()
    for one in counted:
        statuses[one.status] += one.count
    waits = period.seconds()
    in_review, no_longer = _in_review(outbox, period.reviewed())
    return PeriodSummary(
        since=since,
        until=until,
        made_at=stamp(time.time()),
        filed=statuses["filed"],
        review=statuses["review"],
        failed=statuses["failed"],
        review_below=review_below,
        digits=_digits(counted),
        times=_times(counted, start, end, hours),
        step=_step(hours),
        certainties=_certainties(counted, bands),
        median=_quantile(waits, 0.5),
        late=_quantile(waits, 0.99),
        in_review=in_review,
        no_longer=no_longer,
        failures=period.failures(),
        slowest=period.slowest(),
    )


def _digits(counted: Sequence[Counted]) -> list[Bar]:
    sums = _sums(counted, lambda one: one.digit)
    return [_bar(str(digit), f"taken for {digit}", sums[digit]) for digit in range(10)]


def _times(counted: Sequence[Counted], start: datetime, end: datetime, hours: int) -> list[Bar]:
    """A bar for each step of `hours` hours. The first begins at a full hour or at midnight."""
    midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
    step = timedelta(hours=hours)
    first = midnight + max((start - midnight) // step, 0) * step
    sums = _sums(counted, lambda one: (_begun(one.at) - first) // step)
    bars = []
    for number in range(max(-((first - end) // step), 1)):
        since = first + number * step
        bars.append(_bar(_label(since, hours), _span(since, since + step, hours), sums[number]))
    return bars


def _certainties(counted: Sequence[Counted], bands: Sequence[float]) -> list[Bar]:
    """A bar for each band, the highest first."""
    sums = _sums(counted, lambda one: one.band)
    ends = [*bands[1:], None]
    bars = []
    for number, (low, high) in enumerate(zip(bands, ends, strict=True)):
        words = f"{100 * low:g} % and more" if high is None else f"{100 * low:g} to {100 * high:g} %"
        bars.append(_bar(words, words, sums[number]))
    return bars[::-1]


def _sums(counted: Sequence[Counted], of: Callable[[Counted], object]) -> defaultdict[object, Counter[str]]:
    """How many rows of each status there are, grouped by `of`."""
    sums: defaultdict[object, Counter[str]] = defaultdict(Counter)
    for one in counted:
        sums[of(one)][one.status] += one.count
    return sums


def _bar(label: str, title: str, counts: Counter[str]) -> Bar:
    return Bar(label, title, counts["filed"], counts["review"], counts["failed"])


def _quantile(waits: Sequence[tuple[float, int]], share: float) -> float | None:
    """The seconds within which this share of the files was filed; None if there are none."""
    left = share * sum(count for _, count in waits)
    for seconds, count in waits:
        left -= count
        if left <= 0:
            return seconds
    return None


def _in_review(outbox: Outbox, reviewed: Sequence[ReviewedRow]) -> tuple[list[ReviewItem], int]:
    """The least certain pictures that still lie in review, and how many of those looked for do not."""
    items: list[ReviewItem] = []
    no_longer = 0
    for row in reviewed:
        try:
            picture = read_picture(read_file(outbox.path_of(destination_of(row.claim, row.destination))))
        except FileNotFoundError:
            no_longer += 1
            continue
        except (Unreadable, OSError):
            picture = None
        items.append(ReviewItem(row, picture))
        if len(items) == MOST_PICTURES:
            break
    return items, no_longer


def _begun(at: str) -> datetime:
    """The beginning of a day or hour, from a stamp that was cut to it."""
    return datetime.fromisoformat(at if len(at) == len("2026-11-25") else f"{at}:00").replace(tzinfo=UTC)


def _step(hours: int) -> str:
    """How long a bar is, in words."""
    number, unit = (hours // 24, "day") if hours % 24 == 0 else (hours, "hour")
    return f"one {unit}" if number == 1 else f"{number} {unit}s"


def _label(since: datetime, hours: int) -> str:
    if hours <= 1:
        return f"{since:%H:%M}"
    return f"{since.day} {since:%b}" if hours <= 28 * 24 else f"{since:%b %Y}"


def _span(since: datetime, until: datetime, hours: int) -> str:
    if hours == 24:
        return f"{since:%Y-%m-%d}"
    return f"{since:%Y-%m-%d %H:%M} to {until:%Y-%m-%d %H:%M}"
