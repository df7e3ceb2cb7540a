"""The charts of a period: how many of each digit, and when they came."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

from markupsafe import Markup

from watcher.report.render.svg import Drawing, Frame

WIDTH, HEIGHT = 480, 300
STATUSES = ("filed", "review", "failed")
MOST_LABELS = 6
ROOM = 14


@dataclass(frozen=True, slots=True)
class Bar:
    """What stands on one place of an axis: its label, how it is told, and how many of each status."""

    label: str
    told: str
    filed: int
    review: int
    failed: int = 0

    @property
    def total(self) -> int:
        """How many in all."""
        return self.filed + self.review + self.failed


def bar_chart(bars: Sequence[Bar], *, name: str, across: str) -> Markup:
    """Bars of what was filed, went to review and failed, one on the other; `across` names the axis below."""
    description = "; ".join(f"{bar.told}: {_in_words(bar)}" for bar in bars if bar.total)
    drawing = Drawing(WIDTH, HEIGHT, name=name, description=description or "nothing")
    frame = Frame(62, 14, WIDTH - 62 - 10, HEIGHT - 14 - 52)
    top, step = _scale(max((bar.total for bar in bars), default=0))
    for tick in range(0, top + 1, step):
        height = frame.y(tick / top)
        drawing.line(frame.x(0), height, frame.x(1), height, "grid" if tick else "axis")
        drawing.text(frame.left - 8, height + 4, f"{tick:,}", "tick end")
    each = frame.width / max(len(bars), 1)
    gap = min(each * 0.12, 4)
    labeled = _labeled(bars)
    for number, bar in enumerate(bars):
        left, below = frame.left + number * each, 0
        for status in STATUSES:
            number_of = getattr(bar, status)
            if number_of:
                upper, height = frame.y((below + number_of) / top), frame.height * number_of / top
                place = Frame(left + gap / 2, upper, each - gap, height)
                drawing.rectangle(place, f"stack {status}", f"{bar.told}: {_in_words(bar)}")
            below += number_of
        if number in labeled:
            middle = min(left + each / 2, frame.x(1) - ROOM)  # not cut off where the drawing ends
            drawing.text(middle, frame.y(0) + 18, bar.label, "tick middle")
    drawing.text(frame.x(0.5), frame.y(0) + 42, across, "name middle")
    return drawing.markup()


def _labeled(bars: Sequence[Bar]) -> set[int]:
    """Which bars have room for their labels: of equal ones the first, and of many every so many."""
    begun = [number for number, bar in enumerate(bars) if not number or bar.label != bars[number - 1].label]
    if len(begun) > 2 and begun[1] - begun[0] < begun[2] - begun[1]:
        begun = begun[1:]  # the first is cut off, and its label would run into the next
    return set(begun[:: max(1, -(-len(begun) // (10 if len(begun) <= 10 else MOST_LABELS)))])


def _in_words(bar: Bar) -> str:
    counts = {status: getattr(bar, status) for status in STATUSES}
    return ", ".join(f"{count:,} {status}" for status, count in counts.items() if count) or "none"


def _scale(most: int) -> tuple[int, int]:
    """(top, step) of an axis for whole numbers up to `most`: at most five steps, of a round number."""
    steps = (digit * 10**power for power in count() for digit in (1, 2, 5))
    step = next(step for step in steps if 5 * step >= most)
    return max(-(-most // step), 1) * step, step
