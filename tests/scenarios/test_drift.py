"""`shocks.drift`: needs a draw, and says what it is where it is not exact."""

from __future__ import annotations

import warnings

import pytest

from scenario_example import example, problem_of
from stress.scenarios.errors import ScenarioError, ScenarioWarning


@pytest.mark.parametrize("drift", ["0.05", '"martingale"', '"-1 %"'])
def test_a_drift_needs_a_draw(drift: str) -> None:
    with pytest.raises(ScenarioError, match=r"shocks\.drift.*nothing to act on"):
        problem_of(example(), 'shocks.model="none"', f"shocks.drift={drift}")
    assert problem_of(example(), 'shocks.model="none"', "shocks.drift=0").shocks.drift == 0.0


def test_martingale_is_minus_half_the_variance_which_a_student_t_draw_is_told() -> None:
    with pytest.warns(ScenarioWarning, match="nearly so under student_t"):
        assert problem_of(example(), 'shocks.drift="martingale"').shocks.martingale
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert problem_of(example(), 'shocks.model="gaussian"', 'shocks.drift="martingale"').shocks.martingale
