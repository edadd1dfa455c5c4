"""Parameters of simulated returns are found again, and intervals cover them as often as they say."""

from __future__ import annotations

import numpy as np
import pytest

from simulated_returns import GARCH, simulated_garch, simulated_regimes, simulated_t
from stress.calibration.garch import fit_garch
from stress.calibration.regimes import fit_regimes
from stress.calibration.student_t import fit_dof

SLOW = pytest.param(200, marks=pytest.mark.slow)


def covered(values: list[float], errors: list[float], truth: float) -> float:
    return float(np.mean(np.abs(np.array(values) - truth) < 1.96 * np.array(errors)))


def as_often_as_said(share: float, count: int) -> bool:
    return 0.91 <= share <= 0.985 if count >= 200 else share >= 0.75


@pytest.mark.parametrize("count", [12, SLOW])
def test_garch(count: int) -> None:
    found = fit_garch(simulated_garch(5000, count, 2))
    truth = GARCH | {"omega": 1e-4 * (1 - 0.96)}
    for key, value in truth.items():
        share = covered(list(found.values[key]), list(found.errors[key]), value)
        assert as_often_as_said(share, count), (key, share)
        assert np.median(found.values[key]) == pytest.approx(value, rel=0.3)
    share = covered(list(found.persistence), list(found.persistence_error), 0.96)
    assert as_often_as_said(share, count), share


@pytest.mark.parametrize("count", [8, SLOW])
def test_degrees_of_freedom(count: int) -> None:
    found = [fit_dof(simulated_t(5000, 3, 5.0, 0.5, seed), np.eye(3)) for seed in range(count)]
    share = covered([one.dof for one in found], [one.error for one in found], 5.0)
    assert as_often_as_said(share, count), share
    assert all(one.free_scatter for one in found)


def test_degrees_of_freedom_of_many_names_take_the_correlation_that_is_given() -> None:
    matrix = np.full((80, 80), 0.3) + 0.7 * np.eye(80)
    found = fit_dof(simulated_t(400, 80, 6.0, 0.3, 1), matrix)
    assert not found.free_scatter
    assert abs(found.dof - 6.0) < 4 * found.error
    assert found.error < 0.6


def test_normal_returns_have_no_degrees_of_freedom_to_speak_of() -> None:
    found = fit_dof(np.random.default_rng(1).standard_normal((3000, 2)), np.eye(2))
    assert found.dof > 40


@pytest.mark.parametrize("count", [2, SLOW])
def test_regimes(count: int) -> None:
    found = [fit_regimes(simulated_regimes(5000, 3, seed)[0]) for seed in range(count)]
    stays = ((0.98, [one.stay_calm for one in found], 0), (0.94, [one.stay_crisis for one in found], 1))
    for truth, values, state in stays:
        share = covered(values, [one.errors[state] for one in found], truth)
        assert as_often_as_said(share, count) or count == 2, share
        assert np.mean(values) == pytest.approx(truth, abs=0.02)


def test_what_each_name_does_in_a_regime() -> None:
    returns, states = simulated_regimes(5000, 3, 7)
    returns = returns * np.array([1.0, 2.0, 0.5])
    found = fit_regimes(returns)
    assert found.crisis_scale == pytest.approx(np.full(3, 3.0), rel=0.1)
    upper = np.triu_indices(3, 1)
    assert found.calm_correlation[upper] == pytest.approx(np.full(3, 0.2), abs=0.06)
    assert found.crisis_correlation[upper] == pytest.approx(np.full(3, 0.7), abs=0.08)
    assert found.crisis_days == pytest.approx(states.sum(), rel=0.1)
    assert found.crisis_share == pytest.approx(0.25, abs=0.08)
    assert (found.crisis_now > 0.5) == bool(states[-1])
