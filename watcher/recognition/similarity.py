"""What every rule says of pictures: how alike each is to the references of each digit."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from watcher.errors import UnfitReferencesError

NEAREST = 5  # references told with each answer


@dataclass(frozen=True)
class Similarities:
    """How alike m pictures are to the references.

    `scores` (m, 10) float64: higher is likelier, always finite, each rule in its own numbers.
    `distances` (m, 10) float64, at least 0: the scores' order reversed; inf for a digit without references.
    `nearest` (m, k) int64: the indices of the at most five nearest references, the nearest first.
    `nonconformity` (m, 10) float64: how unlike the references of each digit, inf for a digit without any;
    None from a rule that cannot tell.
    `exited_early` (m,) bool: whether the distances are the nonconformity, in other units: the first look
    left no doubt, and there was no second; None from a rule that compares once.
    `estranged`: of references left out, the same where the nearest few of the same digit are left out too, as
    if the writer were new; None from a rule that does not tell.
    """

    scores: NDArray[np.float64]
    distances: NDArray[np.float64]
    nearest: NDArray[np.int64]
    nonconformity: NDArray[np.float64] | None = None
    exited_early: NDArray[np.bool_] | None = None
    estranged: "Similarities | None" = None


class Rule(Protocol):
    """A way to compare normalized pictures with references; made from both, it never changes.

    `references` (n, …): normalized pictures of any one shape; `labels` (n,): their digits, ascending.
    """

    def __init__(self, references: NDArray[Any], labels: NDArray[np.int64]) -> None: ...

    def compare(self, batch: NDArray[Any], plain: float = np.inf, /) -> Similarities:
        """The similarities of (m, …) normalized pictures of the references' shape.

        Where the lead (of certainty.py) by the nonconformity is at least `plain`, a rule may stop there.
        """

    def leave_one_out(self, indices: NDArray[np.int64]) -> Similarities:
        """Each chosen reference compared with all the others; its digit is absent if it was the only one."""

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What the rule can be made from again."""

    @classmethod
    def restored(cls, arrays: Mapping[str, NDArray[Any]], labels: NDArray[np.int64]) -> Self:
        """The rule these arrays came from; its answers are the same. Raises KeyError if one is missing."""


def flat(pictures: NDArray[Any], dtype: type[np.generic]) -> NDArray[Any]:
    """(m, …) pictures as (m, values) rows, without a copy where they are so already."""
    return np.ascontiguousarray(pictures.reshape(len(pictures), -1), dtype=dtype)


def slices_by_digit(labels: NDArray[np.int64]) -> list[slice]:
    """Where each digit's references lie among ascending labels."""
    bounds = np.searchsorted(labels, np.arange(11))
    return [slice(int(first), int(end)) for first, end in pairwise(bounds)]


def score_of(distances: NDArray[np.float64]) -> NDArray[np.float64]:
    """1 at distance 0, falling towards 0, which is the score of an absent digit."""
    return 1.0 / (1.0 + distances)


def check_shape(batch: NDArray[Any], shape: tuple[int, ...]) -> None:
    """Raises UnfitReferencesError unless the pictures of a batch have this shape."""
    if batch.shape[1:] != shape:
        raise UnfitReferencesError(f"pictures of shape {batch.shape[1:]} cannot be compared with {shape}")
