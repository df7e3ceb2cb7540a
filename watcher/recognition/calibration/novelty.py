"""How odd a picture is among digits: far from every reference, and not nearest to one digit alone."""

import numpy as np
from numpy.typing import NDArray

from watcher.recognition.calibration.certainty import MOST_LEAD, leads

LIKE_SOME = 0.98  # share of references, each left out, that are no odder than some digit may be
UNLIKE_RIVALS = 0.75  # share of references that are odder than this among the other digits
LEAST_KNOWN = 50  # references from which such shares are told


def novelty(nonconformity: NDArray[np.float64], lead: NDArray[np.float64]) -> NDArray[np.float64]:
    """(m,) how odd pictures are with this nonconformity to each digit, (m, 10), and these leads, (m,).

    The least nonconformity times √(d1/d2), d1 and d2 being the two least distances. What is no digit lies
    between the digits: far from all, and about as far from several of them.
    """
    return np.asarray(nonconformity.min(axis=1) * np.exp(np.minimum(lead, MOST_LEAD) / -2))


def oddest_digit(
    nonconformity: NDArray[np.float64], distances: NDArray[np.float64], labels: NDArray[np.int64]
) -> float | None:
    """The most novelty that a digit is likely to have; None where too few references tell.

    Told by references of digits `labels` (k,) that were compared with all the others. Those of one writer lie
    close together, and other writers' far from them all: what is less odd than the references mostly are
    among the digits that they do not show is let pass in any case.
    """
    own = novelty(nonconformity, leads(distances))
    shown = np.arange(10) == labels[:, None]
    rivals = novelty(np.where(shown, np.inf, nonconformity), leads(np.where(shown, np.inf, distances)))
    own, rivals = own[np.isfinite(own)], rivals[np.isfinite(rivals)]
    if min(len(own), len(rivals)) < LEAST_KNOWN:
        return None
    return max(float(np.quantile(own, LIKE_SOME)), float(np.quantile(rivals, 1 - UNLIKE_RIVALS)))
