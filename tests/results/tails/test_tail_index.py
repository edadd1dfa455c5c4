"""Hill's tail index, and the choice of a threshold."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from stress.results.statistics.tails.hill import hill
from stress.results.statistics.tails.threshold_stability import chosen, threshold_stability


def test_the_index_of_a_power_law_within_its_error() -> None:
    found = hill(stats.pareto(3.0).rvs(20_000, random_state=1), 0.05)
    assert found.exceedances == 1000
    assert found.error == pytest.approx(found.alpha / np.sqrt(1000))
    assert abs(found.alpha - 3.0) < 3 * found.error
    assert hill(np.exp(np.arange(100.0)), 0.1).alpha == pytest.approx(1 / 5.5)
    with pytest.raises(ValueError, match="ten positive"):
        hill(np.zeros(1000))


def test_a_power_tail_is_stable_and_a_normal_body_is_left_out() -> None:
    power = threshold_stability(stats.genpareto(0.3).rvs(8000, random_state=2), 0.999)
    assert chosen(power) == 0
    assert float(power["xi"][0]) == pytest.approx(0.3, abs=3 * float(power["xi_se"][0]))
    assert power["exceedances"].to_numpy().tolist() == [1200, 1000, 800, 600, 400, 320, 240, 200, 160]
    assert float(power["modified_scale"][0]) == pytest.approx(
        float(power["beta"][0] - power["xi"][0] * power["threshold"][0])
    )
    true = stats.genpareto(0.3).ppf(0.999)
    assert float(power["var"][0]) == pytest.approx(true, rel=0.2)
    random = np.random.default_rng(3)
    mixed = np.concatenate([random.standard_normal(7760), 3.0 + stats.genpareto(0.6).rvs(240, random_state=random)])
    assert chosen(threshold_stability(mixed, 0.999)) > 0


def test_a_level_below_a_threshold_has_no_number_there() -> None:
    found = threshold_stability(stats.genpareto(0.1).rvs(1000, random_state=4), 0.96)
    below = found["exceedances"].to_numpy() <= 40
    assert np.array_equal(np.isnan(found["var"].to_numpy()), below)
    assert not below.all()
    with pytest.raises(ValueError, match="too few"):
        threshold_stability(np.arange(50.0), 0.99)
