"""Draw SVG that is part of a page and takes its colors from the page's style sheet."""

import xml.etree.ElementTree as ET
from dataclasses import dataclass

from markupsafe import Markup


@dataclass(frozen=True, slots=True)
class Frame:
    """The rectangle of a drawing that represents 0 to 1 in both directions, in the drawing's units."""

    left: float
    top: float
    width: float
    height: float

    def x(self, share: float) -> float:
        """The x coordinate of a share from 0, left, to 1, right."""
        return self.left + share * self.width

    def y(self, share: float) -> float:
        """The y coordinate of a share from 0, bottom, to 1, top."""
        return self.top + (1 - share) * self.height


class Drawing:
    """An SVG of this size, with a name and a description for screen readers."""

    def __init__(self, width: int, height: int, *, name: str, description: str) -> None:
        self._svg = ET.Element("svg", {"viewBox": f"0 0 {width} {height}", "role": "img", "aria-label": name})
        ET.SubElement(self._svg, "desc").text = description

    def rectangle(self, place: Frame, look: str, title: str) -> None:
        """A rectangle with the CSS class `look`; `title` is shown when the mouse points at it."""
        shape = self._add("rect", look, x=place.left, y=place.top, width=place.width, height=place.height)
        ET.SubElement(shape, "title").text = title

    def line(self, x1: float, y1: float, x2: float, y2: float, look: str) -> None:
        """A straight line."""
        self._add("line", look, x1=x1, y1=y1, x2=x2, y2=y2)

    def curve(self, points: list[tuple[float, float]], look: str) -> None:
        """Straight lines through points."""
        shape = self._add("polyline", look)
        shape.set("points", " ".join(f"{x:.1f},{y:.1f}" for x, y in points))

    def dot(self, x: float, y: float, look: str, title: str) -> None:
        """A dot; `title` is shown when the mouse points at it."""
        ET.SubElement(self._add("circle", look, cx=x, cy=y, r=5), "title").text = title

    def text(self, x: float, y: float, words: str, look: str = "tick", *, turned: bool = False) -> None:
        """Words at (x, y); the CSS class's `text-anchor` says which end of them is at x."""
        shape = self._add("text", look, x=x, y=y)
        shape.text = words
        if turned:
            shape.set("transform", f"rotate(-90 {x:.1f} {y:.1f})")

    def markup(self) -> Markup:
        """The drawing as escaped SVG."""
        return Markup(ET.tostring(self._svg, encoding="unicode"))  # noqa: S704 - ElementTree has escaped it

    def _add(self, tag: str, look: str, **places: float) -> ET.Element:
        attributes = {name: f"{value:.1f}" for name, value in places.items()}
        return ET.SubElement(self._svg, tag, {"class": look, **attributes})
