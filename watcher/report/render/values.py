"""What a page or a terminal shows about a picture, and with what it was recognized."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from watcher.recognition import Reading

GENERATOR = '<meta name="generator" content="watcher">'
"""Part of the head of every page, so that a page can be told from any other file."""


@dataclass(frozen=True, slots=True, eq=False)
class Neighbor:
    """A near reference: its (64, 64, 3) uint8 RGB picture, and the normalized form that was compared."""

    id: int
    digit: int
    source: str
    name: str
    picture: NDArray[np.uint8]
    normalized: NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """One picture, its reading, and why.

    `status` and `reason` say what happens to it, as in the log. A file that could not be read has no picture
    and no reading. `label` is the digit it really shows, if known.
    """

    name: str
    status: str
    reason: str | None
    reading: Reading | None = None
    picture: NDArray[np.uint8] | None = None
    normalized: NDArray[Any] | None = None
    neighbors: tuple[Neighbor, ...] = ()
    label: int | None = None


@dataclass(frozen=True, slots=True)
class Provenance:
    """When it was recognized, with which settings and references.

    `made_at` is a UTC stamp, `settings` names and values, `references` how many there were of each digit.
    """

    made_at: str
    settings: tuple[tuple[str, str], ...]
    references: tuple[int, ...]
    version: int
