"""Certainty is a calibrated probability."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from watcher.recognition.calibration.certainty import CertaintyModel, certainty, fit_certainty, leads


def distances_of(best: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    table = np.full((len(best), 10), np.inf)
    table[:, 3], table[:, 7] = best, second
    return table


numbers = st.floats(0, 1e6, allow_subnormal=False)


@given(numbers, numbers, st.floats(0, 1000), st.floats(0.5, 2))
def test_certainty_lies_between_a_half_and_one(one: float, other: float, slope: float, power: float) -> None:
    sure = certainty(CertaintyModel(slope, power), leads(distances_of(np.array([one]), np.array([other]))))
    assert 0.5 <= sure[0] <= 1


def test_equal_rivals_are_a_coin_toss() -> None:
    table = distances_of(np.array([0.0, 5.0]), np.array([0.0, 5.0]))
    for power in (0.5, 1.0, 2.0):
        assert certainty(CertaintyModel(30, power), leads(table)).tolist() == [0.5, 0.5]


def test_a_perfect_match_far_ahead_is_certain() -> None:
    table = distances_of(np.array([0.0]), np.array([5.0]))
    assert leads(table)[0] == np.inf
    assert certainty(CertaintyModel(1), leads(table))[0] == 1
    assert certainty(CertaintyModel(0), leads(table))[0] == 0.5


def test_without_a_rival_there_is_no_certainty() -> None:
    table = distances_of(np.array([1.0]), np.array([np.inf]))
    assert certainty(CertaintyModel(9), leads(table)).tolist() == [0.5]
    assert leads(np.full((2, 10), np.inf)).tolist() == [0, 0]


def test_the_further_the_second_the_more_certain() -> None:
    sure = certainty(CertaintyModel(8), leads(distances_of(np.ones(50), np.linspace(1, 3, 50))))
    assert (np.diff(sure) > 0).all()
    assert sure[-1] > 0.99


def test_scale_makes_no_difference() -> None:
    table = distances_of(np.array([1.0, 2.0]), np.array([1.5, 2.1]))
    assert leads(table * 1000) == pytest.approx(leads(table))


def test_lead_is_the_inverse_of_certainty() -> None:
    for model in (CertaintyModel(8), CertaintyModel(20, 1.5), CertaintyModel(3, 0.6)):
        for probability in (0.6, 0.9, 0.9995):
            assert certainty(model, np.array([model.lead(probability)])) == pytest.approx(probability)
    assert CertaintyModel(0).lead(0.9) == np.inf


@pytest.mark.parametrize("slope", [3.0, 12.0, 30.0])
def test_fitting_recovers_the_slope_of_simulated_answers(slope: float) -> None:
    rng = np.random.default_rng(7)
    lead = rng.exponential(0.15, 8_000)
    right = rng.random(8_000) < 1 / (1 + np.exp(-slope * lead))
    found = fit_certainty(distances_of(np.ones(8_000), np.exp(lead)), right)
    likely = 1 / (1 + np.exp(-slope * lead))
    sure = certainty(found, lead)
    assert sure == pytest.approx(likely, abs=0.03)
    for low in (0.5, 0.6, 0.7, 0.8, 0.9):
        among = (sure >= low) & (sure < low + 0.1)
        assert right[among].mean() == pytest.approx(sure[among].mean(), abs=0.05)


def test_without_answers_the_prior_decides() -> None:
    found = fit_certainty(np.empty((0, 10)), np.empty(0, np.bool_))
    assert found.power == pytest.approx(1)
    assert found.slope == pytest.approx(np.log(4) / 0.1, rel=1e-6)


@given(
    st.lists(st.tuples(numbers, numbers), max_size=30), st.sampled_from(["all right", "all wrong", "mixed"])
)
def test_fitted_values_stay_in_their_range(pairs: list[tuple[float, float]], outcome: str) -> None:
    best, second = (np.array([pair[i] for pair in pairs]) for i in (0, 1))
    right = np.array(
        [outcome == "all right" or (outcome == "mixed" and i % 2 == 0) for i in range(len(pairs))]
    )
    found = fit_certainty(distances_of(best, second), right.astype(np.bool_))
    assert 0 <= found.slope < 1e5
    assert 0.5 <= found.power <= 2
