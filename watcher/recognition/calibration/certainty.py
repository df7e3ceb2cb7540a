"""How far to trust an answer: the best digit's lead over the second, judged by the references."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MOST_LEAD = 10.0  # a lead of e¹⁰ and more counts as this much when fitting
PRIOR_LEAD = 0.1
PRIOR_RIGHT = 16.0
PRIOR_WRONG = 4.0
STEEPEST = 1e6
POWERS = np.arange(0.5, 2.05, 0.05)
USUAL_POWER = 0.25  # standard deviation of the power's logarithm, before anything is known


@dataclass(frozen=True)
class CertaintyModel:
    """The probability that the best digit is right, 1 / (1 + exp(-slope·lead^power)).

    The slope is at least 0, the power from 0.5 to 2.
    """

    slope: float
    power: float = 1.0

    def lead(self, probability: float) -> float:
        """The lead from which an answer is right with this probability; inf where none is."""
        if self.slope == 0:
            return np.inf
        return float((np.log(probability / (1 - probability)) / self.slope) ** (1 / self.power))


def leads(distances: NDArray[np.float64]) -> NDArray[np.float64]:
    """log(d2/d1) of each row's two least distances, (m,): 0 where they are equal, inf where d1 alone is 0.

    Also 0 where only one digit has references: there is no rival to lead.
    """
    two = np.partition(distances, 1, axis=1)[:, :2]
    best, second = two[:, 0], two[:, 1]
    rivals = np.isfinite(second) & (second > best)
    with np.errstate(divide="ignore", invalid="ignore"):
        lead = np.log(second) - np.log(best)
    return np.where(rivals, lead, 0.0)


def certainty(model: CertaintyModel, lead: NDArray[np.float64]) -> NDArray[np.float64]:
    """The probability, (m,) from 0.5 to 1, that the digits with these leads are the right ones."""
    return _logistic(model.slope, lead**model.power)


def fit_certainty(distances: NDArray[np.float64], right: NDArray[np.bool_]) -> CertaintyModel:
    """The model that makes right and wrong answers likeliest, given (m, 10) distances and which were right.

    The prior is 20 answers with a lead of 0.1, of which 16 are right: a slope of 13.9, near what measured
    best where references and pictures were by different hands; and a power of about 1. It settles the matter
    where there are few answers or all are right. Answers without a lead say nothing.
    """
    lead = np.append(np.minimum(leads(distances), MOST_LEAD), (PRIOR_LEAD, PRIOR_LEAD))
    rights = np.append(right.astype(np.float64), (1.0, 0.0))
    weights = np.append(np.ones(len(right)), (PRIOR_RIGHT, PRIOR_WRONG))

    def doubt(model: CertaintyModel) -> float:
        """How unlikely the answers and the model are together, as a logarithm."""
        against = np.where(rights == 1, -1, 1) * model.slope * lead**model.power
        unusual = np.log(model.power) / USUAL_POWER
        return float((weights * np.logaddexp(0, against)).sum() + unusual**2 / 2)

    models = [
        CertaintyModel(_likeliest_slope(lead**power, rights, weights), float(power)) for power in POWERS
    ]
    return min(models, key=doubt)


def _likeliest_slope(
    lead: NDArray[np.float64], rights: NDArray[np.float64], weights: NDArray[np.float64]
) -> float:
    def slack(slope: float) -> float:
        """Slope of the log-likelihood, which falls all the way."""
        return float((weights * lead * (rights - _logistic(slope, lead))).sum())

    low, high = 0.0, STEEPEST
    if slack(low) <= 0:
        return 0.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if slack(middle) > 0 else (low, middle)
    return low


def _logistic(slope: float, lead: NDArray[np.float64]) -> NDArray[np.float64]:
    if slope == 0:
        return np.full(lead.shape, 0.5)
    return np.asarray(1.0 / (1.0 + np.exp(-slope * lead)))
