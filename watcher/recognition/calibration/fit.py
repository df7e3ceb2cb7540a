"""What a classifier holds once it has fitted: a rule made of references, and how far to trust it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from watcher.errors import UnfitReferencesError
from watcher.recognition.calibration.certainty import (
    MOST_LEAD,
    CertaintyModel,
    certainty,
    fit_certainty,
    leads,
)
from watcher.recognition.calibration.novelty import novelty, oddest_digit
from watcher.recognition.similarity import Rule, Similarities

MOST_LEFT_OUT = 2000  # references that are left out in turn
DIFFERENT = 1 / 2000  # how likely a closer look may change an answer, for it to be spared
MOSTLY = 0.95  # of answers are those of a closer look: few are left to tell from which lead on none differ,
PLAIN = 0.7  # and this is enough, as with all sets of references that were tried, or the most that differed


@dataclass(frozen=True)
class Checked:
    """References left out in turn: their `indices` (k,), the best `guesses` and `certainties`."""

    indices: NDArray[np.int64]
    guesses: NDArray[np.int64]
    certainties: NDArray[np.float64]


@dataclass(frozen=True)
class EarlyExit:
    """From which `lead` by the nonconformity a rule need not look closer, and how far to trust it then."""

    lead: float
    model: CertaintyModel


@dataclass(frozen=True)
class FittedModel:
    """A rule, the digits and ids of its references in ascending order of the digits, and what to trust.

    `oddest`: the most novelty that a picture of a digit may have; None where that is not known.
    `early_exit`: None for a rule that looks once.
    """

    rule: Rule
    labels: NDArray[np.int64]
    ids: NDArray[np.int64]
    model: CertaintyModel
    early_exit: EarlyExit | None
    oddest: float | None
    checked: Checked

    def compare(
        self, normalized: NDArray[Any]
    ) -> tuple[Similarities, NDArray[np.float64], NDArray[np.bool_]]:
        """What the rule says of (m, …) normalized pictures, its certainty and whether they are odd, (m,)."""
        found = self.rule.compare(normalized, np.inf if self.early_exit is None else self.early_exit.lead)
        lead = leads(found.distances)
        sure = certainty(self.model, lead)
        if self.early_exit is not None and found.exited_early is not None:
            sure = np.where(found.exited_early, certainty(self.early_exit.model, lead), sure)
        if found.nonconformity is None or self.oddest is None:
            return found, sure, np.zeros(len(lead), np.bool_)
        return found, sure, novelty(found.nonconformity, lead) > self.oddest


def in_order(
    references: NDArray[Any], labels: NDArray[Any], ids: NDArray[Any]
) -> tuple[NDArray[Any], NDArray[np.int64], NDArray[np.int64]]:
    """References (n, …), digits (n,) and ids (n,) in ascending order of the digits.

    Raises UnfitReferencesError where they do not fit together.
    """
    check_references(references, labels, ids)
    if (np.diff(labels) >= 0).all():
        return references, labels.astype(np.int64), ids.astype(np.int64)
    order = np.argsort(labels, kind="stable")
    return references[order], labels[order].astype(np.int64), ids[order].astype(np.int64)


def fit_model(rule: Rule, labels: NDArray[np.int64], ids: NDArray[np.int64]) -> FittedModel:
    """Learn how far to trust a rule from its references, of digits (n,) and ids (n,).

    At most 2,000 of them, evenly chosen, are each compared with all the others: once with all of them, and,
    where the rule tells it, once without the few of its digit that are most like it either. A new writer lies
    between the two.
    """
    chosen = np.linspace(0, len(labels) - 1, min(len(labels), MOST_LEFT_OUT)).round().astype(np.int64)
    found = rule.leave_one_out(chosen)
    tables = [found] if found.estranged is None else [found, found.estranged]
    digits = np.tile(labels[chosen], len(tables))
    distances = np.concatenate([table.distances for table in tables])
    model = fit_certainty(distances, distances.argmin(axis=1) == digits)
    sure, early_exit, oddest, answers = certainty(model, leads(found.distances)), None, None, found.distances
    if found.exited_early is not None and found.nonconformity is not None:
        rough = np.concatenate([table.nonconformity for table in tables if table.nonconformity is not None])
        early_exit = _early_exit(rough, distances, digits)
        lead = leads(found.nonconformity)
        enough = lead >= early_exit.lead
        sure = np.where(enough, certainty(early_exit.model, lead), sure)
        answers = np.where(enough[:, None], found.nonconformity, answers)
    if found.nonconformity is not None:
        oddest = oddest_digit(found.nonconformity, answers, labels[chosen])
    checked = Checked(chosen, answers.argmin(axis=1), sure)
    return FittedModel(rule, labels, ids, model, early_exit, oddest, checked)


def _early_exit(
    rough: NDArray[np.float64], distances: NDArray[np.float64], labels: NDArray[np.int64]
) -> EarlyExit:
    """When the first comparison is enough: from (k, 10) nonconformity and distances, and digits (k,)."""
    seen = rough.argmin(axis=1)
    like_a_closer_look = seen == distances.argmin(axis=1)
    lead = min(fit_certainty(rough, like_a_closer_look).lead(1 - DIFFERENT), MOST_LEAD)
    if like_a_closer_look.mean() >= MOSTLY:
        lead = min(lead, float(leads(rough[~like_a_closer_look]).max(initial=PLAIN)))
    return EarlyExit(lead, fit_certainty(rough, seen == labels))


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
        raise UnfitReferencesError("normalized references are finite numbers")
