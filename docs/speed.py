"""Draws speed.svg: pictures a second by number of references, and filing times by arrivals a second.

The data is the output of `python tests/benchmarks references load --json > docs/speed.jsonl`. Run
`python docs/speed.py`.
"""

import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path

from watcher.report.render.svg import Drawing, Frame

Series = list[tuple[float, float]]

WIDTH, HEIGHT = 720, 340
# It has a background of its own, so that it can be read on any page.
PAGE = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="system-ui, sans-serif"
 font-size="12">
<style>
.grid {{ stroke: #e4e0d6 }} .axis {{ stroke: #8a8478 }}
polyline {{ fill: none; stroke-width: 2; stroke-linejoin: round }}
.half {{ stroke: #1f6f54 }} circle.half, text.half {{ fill: #1f6f54; stroke: none }}
.most {{ stroke: #a4590a; stroke-dasharray: 6 4 }} circle.most, text.most {{ fill: #a4590a; stroke: none }}
text {{ fill: #6b665c }} .name {{ fill: #23211d }}
.title {{ fill: #23211d; font-size: 14px; font-weight: 600 }}
.middle {{ text-anchor: middle }} .end {{ text-anchor: end }}
</style>
<rect x=".5" y=".5" width="{right}" height="{bottom}" rx="12" fill="#fbfaf7" stroke="#b9b4a8"/>
{drawing}
</svg>
"""


def main() -> None:
    """Write speed.svg into this folder."""
    here = Path(__file__)
    rows = [
        json.loads(line)["figures"] for line in here.with_name("speed.jsonl").read_text("utf-8").splitlines()
    ]
    here.with_name("speed.svg").write_text(drawn(rows), "utf-8")


def drawn(rows: Sequence[dict[str, float]]) -> str:
    """The SVG for rows with `references` and `speed`, or with `rate`, `p50` and `p99` (seconds)."""
    speeds = [(row["references"], row["speed"]) for row in rows if "references" in row]
    half, most = (
        [(row["rate"], 1000 * row[which]) for row in rows if "rate" in row] for which in ("p50", "p99")
    )
    if not speeds or not half:
        sys.exit("there must be rows of both benchmarks, references and load")
    sentences = [f"{count:,.0f} references: {speed:,.0f} pictures a second" for count, speed in speeds]
    sentences += [
        f"{rate:,.0f} arrivals a second: half are filed in {_ms(middle)}, 99 % in {_ms(longest)}"
        for (rate, middle), (_, longest) in zip(half, most, strict=True)
    ]
    drawing = Drawing(WIDTH, HEIGHT, name="How fast it is", description="; ".join(sentences))
    _speeds(drawing, Frame(64, 52, 276, 228), speeds)
    _delays(drawing, Frame(416, 52, 252, 228), half, most)
    return PAGE.format(
        width=WIDTH, height=HEIGHT, right=WIDTH - 1, bottom=HEIGHT - 1, drawing=drawing.markup()
    )


def _speeds(drawing: Drawing, frame: Frame, speeds: Series) -> None:
    counts = [count for count, _ in speeds]
    across = _Logarithmic(min(counts), max(counts))
    most = 1.1 * max(speed for _, speed in speeds)
    step = 100 if most < 1000 else 500
    top = step * math.ceil(most / step)
    for number in range(0, top + 1, step):
        height = frame.y(number / top)
        drawing.line(frame.x(0), height, frame.x(1), height, "grid" if number else "axis")
        drawing.text(frame.left - 8, height + 4, f"{number:,}", "tick end")
    points = [(frame.x(across.share(count)), frame.y(speed / top)) for count, speed in speeds]
    _ticks(drawing, frame, counts, points)
    drawing.curve(points, "half")
    for (x, y), (count, speed) in zip(points, speeds, strict=True):
        drawing.dot(x, y, "half", f"{count:,.0f} references: {speed:,.0f} a second")
        drawing.text(x, y - 10, f"{speed:,.0f}", "half" if x == frame.x(0) else "half middle")
    _names(drawing, frame, "Pictures a second, from a full inbox", "references")


def _delays(drawing: Drawing, frame: Frame, half: Series, most: Series) -> None:
    rates, delays = [rate for rate, _ in half], [delay for _, delay in half + most]
    across = _Logarithmic(min(rates), max(rates))
    decades = math.floor(math.log10(min(delays))), math.ceil(math.log10(max(delays)))
    upwards = _Logarithmic(10.0 ** decades[0], 10.0 ** decades[1])
    for decade in range(decades[0], decades[1] + 1):
        height = frame.y(upwards.share(10.0**decade))
        drawing.line(frame.x(0), height, frame.x(1), height, "axis" if decade == decades[0] else "grid")
        drawing.text(frame.left - 8, height + 4, _ms(10.0**decade), "tick end")
    for series, style, name in ((most, "most", "99 of 100"), (half, "half", "half of them")):
        points = [(frame.x(across.share(rate)), frame.y(upwards.share(delay))) for rate, delay in series]
        if style == "most":
            _ticks(drawing, frame, rates, points)
        drawing.curve(points, style)
        for (x, y), (rate, delay) in zip(points, series, strict=True):
            drawing.dot(x, y, style, f"{rate:,.0f} a second: {name} in {_ms(delay)}")
        if style == "most":
            above = min(y for _, y in points[: len(points) // 2 + 1])
            drawing.text(points[0][0] - 4, above - 12, f"{name} within", style)
        else:  # below the rising part of the curve
            drawing.text(frame.x(1), points[len(points) // 2][1] + 22, f"{name} within", f"{style} end")
    _names(drawing, frame, "From closed to filed", "arrivals a second")


def _ticks(drawing: Drawing, frame: Frame, values: Sequence[float], points: Series) -> None:
    for value, (x, _) in zip(values, points, strict=True):
        drawing.line(x, frame.y(0), x, frame.y(0) + 4, "axis")
        drawing.text(x, frame.y(0) + 18, f"{value:,.0f}", "tick middle")


def _names(drawing: Drawing, frame: Frame, title: str, across: str) -> None:
    drawing.text(frame.left - 40, 28, title, "title")
    drawing.text(frame.x(0.5), frame.y(0) + 40, across, "name middle")


class _Logarithmic:
    """Values from `least` to `most` as shares of a length."""

    def __init__(self, least: float, most: float) -> None:
        self._least, self._decades = least, math.log10(most / least)

    def share(self, value: float) -> float:
        return math.log10(value / self._least) / self._decades


def _ms(milliseconds: float) -> str:
    return f"{milliseconds:,.0f} ms" if milliseconds < 1000 else f"{milliseconds / 1000:g} s"


if __name__ == "__main__":
    main()
