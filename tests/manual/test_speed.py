"""The chart of the speed shows what was measured, and nothing else."""

import json
import xml.etree.ElementTree as ET

from manual.pages import ROOT

from docs.speed import drawn

SVG = "{http://www.w3.org/2000/svg}"
MEASURED = [
    {"references": 160, "speed": 1200.0},
    {"references": 60_000, "speed": 300.0},
    {"rate": 100.0, "p50": 0.010, "p99": 0.100},
    {"rate": 400.0, "p50": 0.100, "p99": 1.000},
]


def test_shows_what_was_measured() -> None:
    lines = (ROOT / "docs" / "speed.jsonl").read_text("utf-8").splitlines()
    rows = [json.loads(line)["figures"] for line in lines]
    assert (ROOT / "docs" / "speed.svg").read_text("utf-8") == drawn(rows)


def test_stands_alone_and_tells_every_figure_in_words() -> None:
    drawing = ET.fromstring(drawn(MEASURED))  # noqa: S314 - our own
    described = drawing.find(f"{SVG}svg/{SVG}desc")
    assert described is not None
    assert described.text == (
        "160 references: 1,200 pictures a second; 60,000 references: 300 pictures a second; "
        "100 arrivals a second: half are filed in 10 ms, 99 % in 100 ms; "
        "400 arrivals a second: half are filed in 100 ms, 99 % in 1 s"
    )


def test_less_lies_lower_and_all_lies_within() -> None:
    drawing = ET.fromstring(drawn(MEASURED))  # noqa: S314 - our own
    dots = [(float(dot.get("cx", "")), float(dot.get("cy", ""))) for dot in drawing.iter(f"{SVG}circle")]
    (few, fast), (many, slow), *delays = dots
    assert few < many
    assert fast < slow  # y counts downwards
    (_, quick_most), (_, slow_most), (_, quick_half), (_, slow_half) = delays
    assert slow_most < quick_most == slow_half < quick_half
    assert all(0 < x < 720 and 0 < y < 340 for x, y in dots)
