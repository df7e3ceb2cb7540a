"""What the charts show agrees with the numbers next to them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.recognition.calibration.evaluation import calibration_error, coverage
from watcher.report.render.measures import error_by_coverage, reliability

certainties = st.one_of(st.floats(0, 1), st.sampled_from([0.0, 0.5, 1.0]))
answers = st.lists(st.tuples(certainties, st.booleans()), min_size=1)


@given(answers)
def test_the_gaps_of_the_bins_are_the_calibration_error(seen: list[tuple[float, bool]]) -> None:
    certainty, right = np.array([s for s, _ in seen]), np.array([r for _, r in seen])
    bins = reliability(certainty, right)
    gaps = sum(each.answers * abs(each.certainty - each.right) for each in bins) / len(seen)
    assert gaps == pytest.approx(calibration_error(certainty, right))
    assert sum(each.answers for each in bins) == len(seen)


@given(answers, st.sampled_from([0.001, 0.01, 0.2, 0.5]))
def test_the_curve_passes_through_the_coverage(seen: list[tuple[float, bool]], bearable: float) -> None:
    certainty, wrong = np.array([s for s, _ in seen]), np.array([w for _, w in seen])
    curve = error_by_coverage(certainty, wrong)
    borne = [share for share, error, _ in curve if error <= bearable]
    assert max(borne, default=0.0) == pytest.approx(coverage(certainty, wrong, bearable))
    share, error, least = curve[-1]
    assert (share, least) == (1.0, certainty.min())
    assert error == pytest.approx(wrong.mean())


def test_nothing_has_no_curve() -> None:
    nothing = np.zeros(0)
    assert error_by_coverage(nothing, nothing.astype(np.bool_)) == []
    assert {each.answers for each in reliability(nothing, nothing.astype(np.bool_))} == {0}
