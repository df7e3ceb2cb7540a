"""Which mistakes of an evaluation a page shows."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

from watcher.recognition import Reading

MOST_SHOWN = 200
Item = TypeVar("Item")


def misread(
    judged: Iterable[tuple[int, Reading, Item]], most: int = MOST_SHOWN
) -> tuple[Sequence[tuple[int, Reading, Item]], int]:
    """The (label, reading, item) whose best guess is not the label, and how many more there are.

    The most certain mistakes come first: they show best what is misleading.
    """
    mistakes = [each for each in judged if each[0] != each[1].digit]
    mistakes.sort(key=lambda each: -each[1].certainty)
    return mistakes[:most], max(len(mistakes) - most, 0)
