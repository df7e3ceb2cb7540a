"""What a classifier holds once it has learned: references, a rule made of them, how far to trust it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from watcher.errors import UnfitReferencesError
from watcher.recognition.certainty import CertaintyModel, fit_certainty
from watcher.recognition.similarity import Rule

MOST_LEFT_OUT = 2000  # references the certainty is fitted on


@dataclass(frozen=True)
class Learned:
    """References in ascending order of their digits, and what was made of them."""

    references: NDArray[Any]
    labels: NDArray[np.int64]
    ids: NDArray[np.int64]
    rule: Rule
    model: CertaintyModel


def learn(
    references: NDArray[Any],
    labels: NDArray[Any],
    ids: NDArray[Any],
    make_rule: Callable[[NDArray[Any], NDArray[np.int64]], Rule],
) -> Learned:
    """Learn from (n, …) normalised references, their digits (n,) and ids (n,).

    The certainty is fitted on at most 2,000 of them, evenly chosen, each compared with all the others.
    Raises UnfitReferencesError where they do not fit together.
    """
    check_references(references, labels, ids)
    order = np.argsort(labels, kind="stable")
    digits, numbers = labels[order].astype(np.int64), ids[order].astype(np.int64)
    ordered = np.ascontiguousarray(references[order])
    rule = make_rule(ordered, digits)
    chosen = np.linspace(0, len(digits) - 1, min(len(digits), MOST_LEFT_OUT)).round().astype(np.int64)
    distances = rule.leave_one_out(chosen).distances
    model = fit_certainty(distances, distances.argmin(axis=1) == digits[chosen])
    return Learned(ordered, digits, numbers, rule, model)


def check_references(references: NDArray[Any], labels: NDArray[Any], ids: NDArray[Any]) -> None:
    """Raises UnfitReferencesError unless there is a digit and an id for each of some finite references."""
    if not len(references) or references.size == 0:
        raise UnfitReferencesError("there are no references to learn from")
    if labels.shape != (len(references),) or ids.shape != (len(references),):
        raise UnfitReferencesError(
            f"{len(references)} references need as many labels and ids, not {labels.shape} and {ids.shape}"
        )
    if labels.dtype.kind not in "iu" or ids.dtype.kind not in "iu":
        raise UnfitReferencesError(f"labels and ids are whole numbers, not {labels.dtype} and {ids.dtype}")
    if labels.min() < 0 or labels.max() > 9:
        raise UnfitReferencesError(f"labels are digits, 0 to 9, not {labels.min()} to {labels.max()}")
    if references.dtype.kind not in "bfiu" or not np.isfinite(references).all():
        raise UnfitReferencesError("normalised references are finite numbers")
