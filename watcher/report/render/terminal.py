"""Draw digits and bars with characters; a character is assumed to be twice as high as wide."""

from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from rich.text import Text

from watcher.report.render.pictures import ink_of

Style = Literal["grays", "blocks", "ascii"]

UPPER = "▀"
BLOCKS = {(False, False): " ", (True, False): UPPER, (False, True): "▄", (True, True): "█"}
INKED = 0.4  # from this much ink, a point is drawn if there are no grays
FAINT = 0.02
DENSITIES = " .:-=+*#%@"
EIGHTHS = " ▏▎▍▌▋▊▉"


def digit_lines(normalized: NDArray[Any], columns: int, style: Style) -> list[Text]:
    """The normalized digit, `columns` wide and half as many lines high.

    "grays" draws black on white with the terminal's colors, "blocks" draws ink or none in half characters,
    "ascii" uses characters with more or less ink.
    """
    ink = cv2.resize(ink_of(normalized), (columns, columns), interpolation=cv2.INTER_AREA)
    pairs = list(zip(ink[0::2].tolist(), ink[1::2].tolist(), strict=True))
    draw = {"grays": _grays, "blocks": _blocks, "ascii": _ascii}[style]
    return [draw(upper, lower) for upper, lower in pairs]


def bar(share: float, columns: int, style: Style) -> str:
    """A bar for a share from 0 to 1 of `columns`; every share above 0 is visible."""
    if style == "ascii":
        return "#" * max(round(share * columns), int(share > 0))
    full, eighths = divmod(max(round(share * columns * 8), int(share > 0)), 8)
    return "█" * full + (EIGHTHS[eighths] if eighths else "")


def shares(scores: tuple[float, ...]) -> list[float]:
    """Each score on a scale from the lowest, 0, to the highest, 1."""
    least, most = min(scores), max(scores)
    return [(score - least) / (most - least) if most > least else 0.0 for score in scores]


def _grays(upper: list[float], lower: list[float]) -> Text:
    line = Text()
    for above, below in zip(upper, lower, strict=True):
        character = UPPER if max(above, below) > FAINT else " "  # reads better when it is copied
        line.append(character, f"{_gray(above)} on {_gray(below)}")
    return line


def _gray(ink: float) -> str:
    level = round(255 * (1 - ink))
    return f"rgb({level},{level},{level})"


def _blocks(upper: list[float], lower: list[float]) -> Text:
    pairs = zip(upper, lower, strict=True)
    return Text("".join(BLOCKS[above >= INKED, below >= INKED] for above, below in pairs))


def _ascii(upper: list[float], lower: list[float]) -> Text:
    means = np.add(upper, lower) / 2
    return Text("".join(DENSITIES[min(int(mean * len(DENSITIES)), len(DENSITIES) - 1)] for mean in means))
