"""The fitted model: a rule made from references, and how far to trust its answers."""

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
from watcher.recognition.calibration.novelty import fit_novelty_limit, novelty
from watcher.recognition.similarity import Rule, Similarities

MOST_LEFT_OUT = 2000  # references that are left out in turn
MOST_CHANGED = 1 / 2000  # the most probable change of the answer by re-ranking for an early exit
# If re-ranking changes at most 5 % of the answers, these are too few to fit a lead to. Then a lead of 0.7 is
# enough, as with all sets of references tried, or the greatest lead of an answer that changed.
MOSTLY_ALIKE = 0.95
ENOUGH_LEAD = 0.7


@dataclass(frozen=True)
class Checked:
    """References left out in turn: their `indices` (k,), best `guesses` (k,) and `certainties` (k,)."""

    indices: NDArray[np.int64]
    guesses: NDArray[np.int64]
    certainties: NDArray[np.float64]


@dataclass(frozen=True)
class EarlyExit:
    """The `lead` by nonconformity that makes re-ranking needless, and the certainty model used then."""

    lead: float
    model: CertaintyModel


@dataclass(frozen=True)
class FittedModel:
    """A rule, the digits and ids of its references in ascending order of the digits, and how to trust it.

    `early_exit`: None for a rule that compares once. `novelty_limit`: the highest novelty that a picture of a
    digit may have; None if it is not known.
    """

    rule: Rule
    labels: NDArray[np.int64]
    ids: NDArray[np.int64]
    model: CertaintyModel
    early_exit: EarlyExit | None
    novelty_limit: float | None
    checked: Checked

    def compare(
        self, normalized: NDArray[Any]
    ) -> tuple[Similarities, NDArray[np.float64], NDArray[np.bool_]]:
        """For (m, …) normalized pictures: similarities, certainties (m,), and whether they are novel (m,)."""
        found = self.rule.compare(normalized, np.inf if self.early_exit is None else self.early_exit.lead)
        lead = leads(found.distances)
        certainties = certainty(self.model, lead)
        if self.early_exit is not None and found.exited_early is not None:
            certainties = np.where(found.exited_early, certainty(self.early_exit.model, lead), certainties)
        if found.nonconformity is None or self.novelty_limit is None:
            return found, certainties, np.zeros(len(lead), np.bool_)
        return found, certainties, novelty(found.nonconformity, lead) > self.novelty_limit


def sorted_by_digit(
    references: NDArray[Any], labels: NDArray[Any], ids: NDArray[Any]
) -> tuple[NDArray[Any], NDArray[np.int64], NDArray[np.int64]]:
    """References (n, …), digits (n,) and ids (n,) in ascending order of the digits.

    Raises UnfitReferencesError if they do not fit together.
    """
    check_references(references, labels, ids)
    if (np.diff(labels) >= 0).all():
        return references, labels.astype(np.int64), ids.astype(np.int64)
    order = np.argsort(labels, kind="stable")
    return references[order], labels[order].astype(np.int64), ids[order].astype(np.int64)


def fit_model(rule: Rule, labels: NDArray[np.int64], ids: NDArray[np.int64]) -> FittedModel:
    """Fit how far to trust a rule to its references, of digits (n,) and ids (n,).

    At most 2,000 of them, evenly chosen, are each compared with all the others. If the rule can, it compares
    each a second time without the most similar references of its digit. A new writer lies between the two.
    """
    chosen = np.linspace(0, len(labels) - 1, min(len(labels), MOST_LEFT_OUT)).round().astype(np.int64)
    found = rule.leave_one_out(chosen)
    tables = [found] if found.as_new_writer is None else [found, found.as_new_writer]
    digits = np.tile(labels[chosen], len(tables))
    distances = np.concatenate([table.distances for table in tables])
    model = fit_certainty(distances, distances.argmin(axis=1) == digits)
    certainties, answers = certainty(model, leads(found.distances)), found.distances
    early_exit, novelty_limit = None, None
    if found.exited_early is not None and found.nonconformity is not None:
        first = np.concatenate([table.nonconformity for table in tables if table.nonconformity is not None])
        early_exit = _early_exit(first, distances, digits)
        lead = leads(found.nonconformity)
        enough = lead >= early_exit.lead
        certainties = np.where(enough, certainty(early_exit.model, lead), certainties)
        answers = np.where(enough[:, None], found.nonconformity, answers)
    if found.nonconformity is not None:
        novelty_limit = fit_novelty_limit(found.nonconformity, answers, labels[chosen])
    checked = Checked(chosen, answers.argmin(axis=1), certainties)
    return FittedModel(rule, labels, ids, model, early_exit, novelty_limit, checked)


def _early_exit(
    first: NDArray[np.float64], distances: NDArray[np.float64], labels: NDArray[np.int64]
) -> EarlyExit:
    """When the `first` comparison is enough, from (k, 10) nonconformity and distances, and digits (k,)."""
    guesses = first.argmin(axis=1)
    unchanged = guesses == distances.argmin(axis=1)
    lead = min(fit_certainty(first, unchanged).lead(1 - MOST_CHANGED), MOST_LEAD)
    if unchanged.mean() >= MOSTLY_ALIKE:
        lead = min(lead, float(leads(first[~unchanged]).max(initial=ENOUGH_LEAD)))
    return EarlyExit(lead, fit_certainty(first, guesses == labels))


def check_references(references: NDArray[Any], labels: NDArray[Any], ids: NDArray[Any]) -> None:
    """Raises UnfitReferencesError unless the references are finite, and each has a digit and an id."""
    if not len(references) or references.size == 0:
        raise UnfitReferencesError("there are no references to learn from")
    if labels.shape != (len(references),) or ids.shape != (len(references),):
        raise UnfitReferencesError(
            f"{len(references)} references need as many labels and ids, not {labels.shape} and {ids.shape}"
        )
    if labels.dtype.kind not in "iu" or ids.dtype.kind not in "iu":
        raise UnfitReferencesError(
            f"labels and ids must be whole numbers, not {labels.dtype} and {ids.dtype}"
        )
    if labels.min() < 0 or labels.max() > 9:
        raise UnfitReferencesError(f"labels must be digits, 0 to 9, not {labels.min()} to {labels.max()}")
    if references.dtype.kind not in "bfiu" or not np.isfinite(references).all():
        raise UnfitReferencesError("normalized references must be finite numbers")
