"""The charts of an evaluation: the reliability diagram, and error against coverage."""

import math
from collections.abc import Sequence

from markupsafe import Markup

from watcher.report.render.measures import Bin
from watcher.report.render.svg import Drawing, Frame
from watcher.text import exact_percent, percent, share_percent

WIDTH = 480
FIFTHS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
FEW = 10  # with fewer answers, a bin's share of right ones says little
TOPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)


def reliability_chart(bins: Sequence[Bin]) -> Markup:
    """Share of right answers over certainty, with the diagonal; below, how many answers each bin has."""
    descriptions = [
        f"{percent(each.low)} to {percent(each.high)} certain: {each.answers:,} pictures, "
        f"{share_percent(each.right)} right, {percent(each.certainty)} expected"
        for each in bins
    ]
    filled = "; ".join(words for words, each in zip(descriptions, bins, strict=True) if each.answers)
    drawing = Drawing(WIDTH, 440, name="Reliability diagram", description=filled or "no pictures")
    frame, below = Frame(62, 12, 394, 290), Frame(62, 336, 394, 50)
    _grid(drawing, frame)
    drawing.line(frame.x(0), frame.y(0), frame.x(1), frame.y(1), "ideal")
    most = max((each.answers for each in bins), default=0)
    for each, words in zip(bins, descriptions, strict=True):
        if not each.answers:
            continue
        left, width = frame.x(each.low) + 1.5, frame.width / len(bins) - 3
        look = "bar" if each.answers >= FEW else "bar few"
        drawing.rectangle(Frame(left, frame.y(each.right), width, frame.height * each.right), look, words)
        expected = frame.y(each.certainty)
        drawing.line(left, expected, left + width, expected, "expected")
        height = max(below.height * each.answers / most, 1)
        drawing.rectangle(Frame(left, below.y(0) - height, width, height), "count", words)
        drawing.text(left + width / 2, below.y(0) - height - 4, _short(each.answers), "many")
    drawing.line(below.x(0), below.y(0), below.x(1), below.y(0), "axis")
    for share in FIFTHS:
        drawing.text(below.x(share), below.y(0) + 17, exact_percent(share), "tick middle")
    drawing.text(below.x(0.5), below.y(0) + 38, "certainty", "name middle")
    drawing.text(12, frame.y(0.5), "right", "name middle", turned=True)
    drawing.text(12, below.y(0.5), "pictures", "name middle", turned=True)
    return drawing.markup()


def coverage_chart(
    curve: Sequence[tuple[float, float]], marks: Sequence[tuple[float, float, str, str]]
) -> Markup:
    """Error rate over coverage, both 0 to 1. `marks` are points: (coverage, error rate, CSS class, words).

    The errors are on a logarithmic scale, with 0 at the bottom.
    """
    drawing = Drawing(
        WIDTH,
        440,
        name="Error against coverage",
        description="; ".join(words for *_, words in marks) or "no pictures",
    )
    frame = Frame(66, 12, 390, 374)
    errors = [error for _, error in curve if error > 0]
    scale = _LogScale(min(errors, default=0.001), max(errors, default=0.01))
    for error, named in scale.ticks():
        height = frame.y(scale.share(error))
        drawing.line(frame.x(0), height, frame.x(1), height, "grid" if named else "grid fine")
        if named:
            drawing.text(frame.left - 8, height + 4, exact_percent(error), "tick end")
    for share in FIFTHS:
        drawing.line(frame.x(share), frame.y(0), frame.x(share), frame.y(1), "grid fine")
        drawing.text(frame.x(share), frame.y(0) + 17, exact_percent(share), "tick middle")
    points = [(frame.x(share), frame.y(scale.share(error))) for share, error in curve]
    for share, _, look, _ in marks:
        drawing.line(frame.x(share), frame.y(0), frame.x(share), frame.y(1), f"drop {look}")
    drawing.curve(_thinned(points), "curve")
    drawing.line(frame.x(0), frame.y(0), frame.x(1), frame.y(0), "axis")
    for share, error, look, words in marks:
        drawing.dot(frame.x(share), frame.y(scale.share(error)), f"mark {look}", words)
    drawing.text(
        frame.x(0.5), frame.y(0) + 38, "share of the pictures, the most certain first", "name middle"
    )
    drawing.text(12, frame.y(0.5), "of these, misread", "name middle", turned=True)
    return drawing.markup()


class _LogScale:
    """Error rates as shares of a height: 0 at the bottom, then decades up to a round number."""

    def __init__(self, least: float, most: float) -> None:
        self._top = next(top for top in TOPS if top >= most)
        self._decade = min(math.floor(math.log10(least)), math.ceil(math.log10(self._top)) - 1)
        self._bottom = self._decade - 0.4  # room that sets 0 apart

    def share(self, error: float) -> float:
        if error <= 0:
            return 0.0
        return (math.log10(error) - self._bottom) / (math.log10(self._top) - self._bottom)

    def ticks(self) -> list[tuple[float, bool]]:
        """(error rate, whether its number is written) for each line."""
        decades = range(self._decade, 1)
        within = [(10.0**decade * step, step == 1) for decade in decades for step in (1, 2, 5)]
        return [(0.0, True), *((error, named) for error, named in within if error <= self._top * 1.001)]


def _grid(drawing: Drawing, frame: Frame) -> None:
    for share in FIFTHS:
        look = "grid" if share else "axis"
        drawing.line(frame.x(0), frame.y(share), frame.x(1), frame.y(share), look)
        drawing.text(frame.left - 8, frame.y(share) + 4, exact_percent(share), "tick end")


def _thinned(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """The points without those that would be drawn on another one."""
    kept = dict.fromkeys((round(x, 1), round(y, 1)) for x, y in points)
    return list(kept)


def _short(answers: int) -> str:
    return f"{answers}" if answers < 10_000 else f"{answers / 1000:.0f}k"
