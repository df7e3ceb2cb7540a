"""The bar charts of a period: how many of each digit, and when they came."""

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
    """A bar: its label on the axis, its full description, and how many pictures have each status."""

    label: str
    description: str
    filed: int
    review: int
    failed: int = 0

    @property
    def total(self) -> int:
        """The sum of the three."""
        return self.filed + self.review + self.failed


def bar_chart(bars: Sequence[Bar], *, name: str, across: str) -> Markup:
    """Stacked bars of pictures filed, in review and failed; `across` is the name of the x axis."""
    description = "; ".join(f"{bar.description}: {_in_words(bar)}" for bar in bars if bar.total)
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
                drawing.rectangle(place, f"stack {status}", f"{bar.description}: {_in_words(bar)}")
            below += number_of
        if number in labeled:
            middle = min(left + each / 2, frame.x(1) - ROOM)  # so that the last label is not cut off
            drawing.text(middle, frame.y(0) + 18, bar.label, "tick middle")
    drawing.text(frame.x(0.5), frame.y(0) + 42, across, "name middle")
    return drawing.markup()


def _labeled(bars: Sequence[Bar]) -> set[int]:
    """Which bars get a label: the first of equal labels, and not too many."""
    begun = [number for number, bar in enumerate(bars) if not number or bar.label != bars[number - 1].label]
    if len(begun) > 2 and begun[1] - begun[0] < begun[2] - begun[1]:
        begun = begun[1:]  # the first part is shorter, and its label would overlap the next
    return set(begun[:: max(1, -(-len(begun) // (10 if len(begun) <= 10 else MOST_LABELS)))])


def _in_words(bar: Bar) -> str:
    counts = {status: getattr(bar, status) for status in STATUSES}
    return ", ".join(f"{count:,} {status}" for status, count in counts.items() if count) or "none"


def _scale(most: int) -> tuple[int, int]:
    """(top, step) of an axis for whole numbers up to `most`: at most five steps of a round number."""
    steps = (digit * 10**power for power in count() for digit in (1, 2, 5))
    step = next(step for step in steps if 5 * step >= most)
    return max(-(-most // step), 1) * step, step
