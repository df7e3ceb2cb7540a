"""Novelty detection: a picture of no digit is far from all references, and similar to no digit alone."""

import numpy as np
from numpy.typing import NDArray

from watcher.recognition.calibration.certainty import MOST_LEAD, leads

OWN_SHARE = 0.98  # share of the references, each left out, that must be below the limit
RIVALS_SHARE = 0.75  # share of the references that may be above it when compared with other digits only
LEAST_REFERENCES = 50  # with fewer there is no limit


def novelty(nonconformity: NDArray[np.float64], lead: NDArray[np.float64]) -> NDArray[np.float64]:
    """(m,) the novelty of pictures with this nonconformity to each digit, (m, 10), and these leads, (m,).

    It is a·√(d1/d2) = a·exp(-lead/2), where a is the least nonconformity, and d1 and d2 are the two least
    distances. A picture of no digit is between the digits: far from all, and about as far from several.
    """
    return np.asarray(nonconformity.min(axis=1) * np.exp(np.minimum(lead, MOST_LEAD) / -2))


def fit_novelty_limit(
    nonconformity: NDArray[np.float64], distances: NDArray[np.float64], labels: NDArray[np.int64]
) -> float | None:
    """The highest novelty that a digit is likely to have; None if there are too few references.

    From (k, 10) nonconformity and distances of references with digits `labels` (k,), each compared with all
    the others. References by one writer are close together, and those by other writers are far from them
    all. So the limit is never below the novelty that most references have among the other digits.
    """
    own = novelty(nonconformity, leads(distances))
    is_own = np.arange(10) == labels[:, None]
    rivals = novelty(np.where(is_own, np.inf, nonconformity), leads(np.where(is_own, np.inf, distances)))
    own, rivals = own[np.isfinite(own)], rivals[np.isfinite(rivals)]
    if min(len(own), len(rivals)) < LEAST_REFERENCES:
        return None
    return max(float(np.quantile(own, OWN_SHARE)), float(np.quantile(rivals, 1 - RIVALS_SHARE)))
