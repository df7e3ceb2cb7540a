"""Whatever happens, in whatever order: each file is in one place, and ends with one row that tells the truth.

The ordinary suite tries a few orders; `pytest -m campaign` thousands, each of fifty steps.
"""

import pytest
from campaigns.figures import tell
from campaigns.model import Model
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test


def tried(*, runs: int, steps: int) -> None:
    """Try so many orders of so many steps. The first that breaks a promise is made short, and shown."""
    run_state_machine_as_test(
        Model,
        settings=settings(
            max_examples=runs,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    tell("model", runs=runs, steps=steps)


def test_in_a_few_orders_of_events_each_file_ends_in_one_place_under_one_row() -> None:
    tried(runs=25, steps=20)


@pytest.mark.campaign
@pytest.mark.timeout(3600)
def test_in_two_thousand_orders_of_events_each_file_ends_in_one_place_under_one_row() -> None:
    tried(runs=2000, steps=50)
