"""Z2 of Acerbi and Szekely: their critical values, and alternatives that it sees."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from stress.results.statistics.backtests.acerbi_szekely import Floats, p_value, simulated_z2, z2

P = 0.025


def tail(law: stats.rv_continuous) -> tuple[float, float, Floats]:
    """VaR, ES and 2,000 equally likely losses beyond VaR over ES."""
    beyond = law.ppf(1 - P * (np.arange(2000) + 0.5) / 2000)
    return float(law.ppf(1 - P)), float(beyond.mean()), beyond / beyond.mean()


@pytest.mark.parametrize(("law", "critical"), [(stats.norm(), -0.70), (stats.t(3), -0.81)])
def test_critical_values_as_published(law: stats.rv_continuous, critical: float) -> None:
    _, _, beyond = tail(law)
    simulated = simulated_z2(np.broadcast_to(beyond, (250, 2000)), P, 200_000, 1)
    assert np.quantile(simulated, 0.05) == pytest.approx(critical, abs=0.02)
    assert abs(simulated.mean()) < 5 * simulated.std() / 200_000**0.5


def test_the_simulation_is_that_of_histories() -> None:
    """The statistic of simulated losses has the law that is simulated from tails."""
    var, es, beyond = tail(stats.norm())
    losses = stats.norm.rvs(size=(4000, 250), random_state=2)
    level = np.full(250, var)
    found = [z2(one, level, np.full(250, es), P) for one in losses]
    simulated = simulated_z2(np.broadcast_to(beyond, (250, 2000)), P, 100_000, 3)
    for q in (0.05, 0.5, 0.9):
        error = np.sqrt(q * (1 - q) / 4000)
        assert abs(np.mean(found <= np.quantile(simulated, q)) - q) < 5 * error + 0.01


def test_losses_with_a_fatter_tail_are_seen() -> None:
    var, es, beyond = tail(stats.norm())
    simulated = simulated_z2(np.broadcast_to(beyond, (1000, 2000)), P, 20_000, 4)
    losses = stats.t(3).rvs(size=1000, random_state=5) * stats.norm.ppf(1 - P) / stats.t(3).ppf(1 - P)  # VaR is right
    low = z2(losses, np.full(1000, var), np.full(1000, es), P)
    assert low < -0.2
    assert p_value(low, simulated) < 0.05
    assert p_value(0.0, simulated) > 0.3


def test_by_hand() -> None:
    losses, var, es = np.array([0.0, 3.0, -1.0, 5.0]), np.array([1.0, 2.0, 1.0, 5.0]), np.array([2.0, 4.0, 2.0, 6.0])
    assert z2(losses, var, es, 0.25) == pytest.approx(1 - 3 / 4)  # a loss at VaR is none beyond it


def test_a_series_without_a_positive_es_is_refused() -> None:
    with pytest.raises(ValueError, match="positive ES"):
        z2(np.zeros(3), np.zeros(3), np.array([1.0, 0.0, 1.0]), P)
    with pytest.raises(ValueError, match="one series each"):
        z2(np.zeros(3), np.zeros(2), np.ones(3), P)
