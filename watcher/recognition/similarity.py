"""What every rule computes: how similar pictures are to the references of each digit."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from watcher.errors import UnfitReferencesError

NEAREST = 5  # references named with each answer


@dataclass(frozen=True)
class Similarities:
    """How similar m pictures are to the references.

    `scores` (m, 10) float64: higher is likelier; always finite; each rule has its own scale.
    `distances` (m, 10) float64, at least 0: the reverse order of the scores; inf for a digit without
    references.
    `nearest` (m, k) int64: the indices of at most five nearest references, the nearest first.
    `nonconformity` (m, 10) float64: how different from the references of each digit, inf for a digit without
    any; None if the rule does not give it.
    `exited_early` (m,) bool: whether the distances are the nonconformity, on another scale: the first
    comparison left no doubt, and there was no second; None if the rule compares once.
    `as_new_writer`: for references left out, the same if the nearest few of their digit are left out too;
    None if the rule does not give it.
    """

    scores: NDArray[np.float64]
    distances: NDArray[np.float64]
    nearest: NDArray[np.int64]
    nonconformity: NDArray[np.float64] | None = None
    exited_early: NDArray[np.bool_] | None = None
    as_new_writer: "Similarities | None" = None


class Rule(Protocol):
    """A way to compare normalized pictures with references; immutable.

    `references` (n, …): normalized pictures of one shape; `labels` (n,): their digits, ascending.
    """

    def __init__(self, references: NDArray[Any], labels: NDArray[np.int64]) -> None: ...

    def compare(self, batch: NDArray[Any], exit_lead: float = np.inf, /) -> Similarities:
        """The similarities of (m, …) normalized pictures of the references' shape.

        If the nonconformity has a lead (see certainty.py) of at least `exit_lead`, a rule may stop there.
        """

    def leave_one_out(self, indices: NDArray[np.int64]) -> Similarities:
        """Each chosen reference compared with all the others; its digit is absent if it was the only one."""

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The arrays to save; `restored` takes them."""

    @classmethod
    def restored(cls, arrays: Mapping[str, NDArray[Any]], labels: NDArray[np.int64]) -> Self:
        """The rule that gave these arrays; its answers are the same. Raises KeyError if one is missing."""


def flat(pictures: NDArray[Any], dtype: type[np.generic]) -> NDArray[Any]:
    """(m, …) pictures as (m, values) rows, without a copy if they are so already."""
    return np.ascontiguousarray(pictures.reshape(len(pictures), -1), dtype=dtype)


def slices_by_digit(labels: NDArray[np.int64]) -> list[slice]:
    """The positions of each digit's references among ascending labels."""
    bounds = np.searchsorted(labels, np.arange(11))
    return [slice(int(first), int(end)) for first, end in pairwise(bounds)]


def score_of(distances: NDArray[np.float64]) -> NDArray[np.float64]:
    """1 / (1 + distance): 1 at distance 0, and 0 for a digit without references."""
    return 1.0 / (1.0 + distances)


def check_shape(batch: NDArray[Any], shape: tuple[int, ...]) -> None:
    """Raises UnfitReferencesError unless the pictures of a batch have this shape."""
    if batch.shape[1:] != shape:
        raise UnfitReferencesError(f"pictures of shape {batch.shape[1:]} cannot be compared with {shape}")
