"""Certainty: the probability that the best guess is right, from its lead over the runner-up."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MOST_LEAD = 10.0  # when fitting, a greater lead counts as this
PRIOR_LEAD = 0.1
PRIOR_RIGHT = 16.0
PRIOR_WRONG = 4.0
STEEPEST = 1e6
POWERS = np.arange(0.5, 2.05, 0.05)
POWER_DEVIATION = 0.25  # prior standard deviation of the power's logarithm


@dataclass(frozen=True)
class CertaintyModel:
    """The probability that the best guess is right: 1 / (1 + exp(-slope·lead^power)).

    The slope is at least 0, the power from 0.5 to 2. This is logistic calibration (Platt, "Probabilistic
    outputs for support vector machines", 1999) of a power of the lead, without an intercept: at a lead of 0
    the probability is 0.5.
    """

    slope: float
    power: float = 1.0

    def lead(self, probability: float) -> float:
        """The lead at which an answer is right with this probability; inf if no lead is enough."""
        if self.slope == 0:
            return np.inf
        return float((np.log(probability / (1 - probability)) / self.slope) ** (1 / self.power))


def leads(distances: NDArray[np.float64]) -> NDArray[np.float64]:
    """(m,) the lead log(d2/d1) of each row's two least distances d1 and d2.

    It is 0 if they are equal or if only one digit has references, and inf if only d1 is 0.
    """
    two = np.partition(distances, 1, axis=1)[:, :2]
    best, second = two[:, 0], two[:, 1]
    rivals = np.isfinite(second) & (second > best)
    with np.errstate(divide="ignore", invalid="ignore"):
        lead = np.log(second) - np.log(best)
    return np.where(rivals, lead, 0.0)


def certainty(model: CertaintyModel, lead: NDArray[np.float64]) -> NDArray[np.float64]:
    """(m,) the probability, 0.5 to 1, that the best guesses with these leads are right."""
    return _logistic(model.slope, lead**model.power)


def fit_certainty(distances: NDArray[np.float64], right: NDArray[np.bool_]) -> CertaintyModel:
    """The most probable model, given (m, 10) distances and whether each best guess was right, (m,).

    The prior is 20 answers with a lead of 0.1, of which 16 are right, and a log-normal power around 1. Alone
    it gives a slope of 13.9, close to the best one measured when references and pictures were by different
    writers. It matters if there are few answers or all are right. Answers without a lead say nothing.
    """
    lead = np.append(np.minimum(leads(distances), MOST_LEAD), (PRIOR_LEAD, PRIOR_LEAD))
    rights = np.append(right.astype(np.float64), (1.0, 0.0))
    weights = np.append(np.ones(len(right)), (PRIOR_RIGHT, PRIOR_WRONG))

    def negative_log_posterior(model: CertaintyModel) -> float:
        against = np.where(rights == 1, -1, 1) * model.slope * lead**model.power
        deviation = np.log(model.power) / POWER_DEVIATION
        return float((weights * np.logaddexp(0, against)).sum() + deviation**2 / 2)

    models = [
        CertaintyModel(_likeliest_slope(lead**power, rights, weights), float(power)) for power in POWERS
    ]
    return min(models, key=negative_log_posterior)


def _likeliest_slope(
    lead: NDArray[np.float64], rights: NDArray[np.float64], weights: NDArray[np.float64]
) -> float:
    def gradient(slope: float) -> float:
        """The derivative of the log-likelihood; it decreases, so bisection finds its zero."""
        return float((weights * lead * (rights - _logistic(slope, lead))).sum())

    low, high = 0.0, STEEPEST
    if gradient(low) <= 0:
        return 0.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if gradient(middle) > 0 else (low, middle)
    return low


def _logistic(slope: float, lead: NDArray[np.float64]) -> NDArray[np.float64]:
    if slope == 0:
        return np.full(lead.shape, 0.5)
    return np.asarray(1.0 / (1.0 + np.exp(-slope * lead)))
