"""`watcher classify --explain`: how a picture was recognized, drawn on the terminal."""

from collections.abc import Iterator, Sequence

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from watcher.report.render.terminal import Style, bar, digit_lines, shares
from watcher.report.render.values import Explanation, Neighbor, Provenance
from watcher.report.render.words import verdict
from watcher.text import percent, printable

COLUMNS = 28  # of a drawn digit: one for each pixel of a normalized digit
MOST_OF_A_BAR = 32
GAP = 2


class Explainer:
    """Prints explanations to standard output, with the colors and characters that the terminal has."""

    def __init__(self) -> None:
        self._console = Console(highlight=False)
        self._style = _style(self._console)

    def show(self, explanation: Explanation) -> None:
        """Print what one picture was taken for and why."""
        self._print(Text(self._plain(explanation.name), "bold"))
        reading = explanation.reading
        if reading and reading.digit is not None:
            guess = f"{reading.digit}, {percent(reading.certainty)} certain"
            self._print(Text(f"{guess}. {self._plain(verdict(explanation))}"))
        else:
            self._print(Text(self._plain(verdict(explanation))))
        for part in self._parts(explanation):
            self._print(Text(""))
            self._print(part)
        self._print(Text(""))

    def show_provenance(self, provenance: Provenance) -> None:
        """Print the settings and references that were used."""
        settings = ", ".join(f"{name} {value}" for name, value in provenance.settings)
        number = sum(provenance.references)
        self._print(Text(f"With {number:,} references, version {provenance.version}; {settings}", "dim"))

    def _parts(self, explanation: Explanation) -> Iterator[RenderableType]:
        if explanation.normalized is not None and explanation.reading is not None:
            drawn = Group(*digit_lines(explanation.normalized, COLUMNS, self._style))
            yield _side_by_side([drawn, self._scores(explanation.reading.scores, explanation.reading.digit)])
        near = explanation.neighbors
        if near:
            yield Text("The nearest references, nearest first:")
            columns = self._columns_for(len(near))
            if columns:
                yield _side_by_side([self._neighbor(each, columns) for each in near])
            yield Text("\n").join(self._named(each) for each in near)

    def _scores(self, scores: Sequence[float], best: int | None) -> RenderableType:
        numbers = [f"{score:.4g}" for score in scores]
        room = self._console.width - COLUMNS - GAP - len("0    ") - max(map(len, numbers))
        columns = max(min(room, MOST_OF_A_BAR), 4)
        lines = [Text("scores, higher is more likely", "dim"), Text("")]
        for digit, share in enumerate(shares(tuple(scores))):
            drawn = bar(share, columns, self._style).ljust(columns)
            line = Text(f"{digit}  {drawn}  {numbers[digit]}", "bold" if digit == best else "")
            lines.append(line)
        return Group(*lines)

    def _columns_for(self, digits: int) -> int:
        """The columns that each of `digits` drawings gets: one a pixel, half of that, or 0."""
        room = (self._console.width + GAP) // digits - GAP
        return next((columns for columns in (COLUMNS, COLUMNS // 2) if columns <= room), 0)

    def _neighbor(self, neighbor: Neighbor, columns: int) -> RenderableType:
        caption = Text(f"#{neighbor.id}: {neighbor.digit}".center(columns))
        return Group(*digit_lines(neighbor.normalized, columns, self._style), caption)

    def _named(self, neighbor: Neighbor) -> Text:
        origin = self._plain(f"{neighbor.source}/{neighbor.name}")
        return Text(f"#{neighbor.id} is a {neighbor.digit}: {origin}")

    def _plain(self, text: str) -> str:
        encoding = self._console.encoding
        return printable(text).encode(encoding, "backslashreplace").decode(encoding)

    def _print(self, part: RenderableType) -> None:
        self._console.print(part, soft_wrap=isinstance(part, Text))


def _style(console: Console) -> Style:
    try:
        "▀▄█▏".encode(console.encoding)
    except UnicodeEncodeError:
        return "ascii"
    return "grays" if console.color_system in {"256", "truecolor"} else "blocks"


def _side_by_side(parts: Sequence[RenderableType]) -> Table:
    grid = Table.grid(padding=(0, GAP, 0, 0))
    for _ in parts:
        grid.add_column(no_wrap=True, overflow="crop")
    grid.add_row(*parts)
    return grid
