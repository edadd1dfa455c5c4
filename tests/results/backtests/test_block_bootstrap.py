"""Coverage of overlapping forecasts: its p-value is about even where the forecast is right, and small where not."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from stress.results.statistics.backtests.block_bootstrap import overlapping_coverage
from stress.results.statistics.backtests.kupiec import kupiec

HORIZON, LEVEL = 10, 0.95


def beyond(seed: int, size: float = 1.0, days: int = 1_500) -> np.ndarray:
    moves = size * np.random.default_rng(seed).standard_normal(days + HORIZON - 1)
    sums = np.convolve(moves, np.ones(HORIZON), "valid")
    return np.asarray(sums > stats.norm.ppf(LEVEL) * math.sqrt(HORIZON))


def test_right_forecasts_are_refused_about_as_often_as_said() -> None:
    """Kupiec, who takes days as independent, refuses more than twice as many."""
    found = np.array([overlapping_coverage(beyond(seed), 1 - LEVEL, 2 * HORIZON, 400) for seed in range(150)])
    assert np.mean(found < 0.05) < 0.15
    assert np.mean(found < 0.5) == pytest.approx(0.5, abs=0.2)
    naive = [kupiec(int(beyond(seed).sum()), 1_500, 1 - LEVEL).p_value for seed in range(150)]
    assert np.mean(np.array(naive) < 0.05) > 2 * np.mean(found < 0.05)


def test_wrong_forecasts_are_refused() -> None:
    found = [overlapping_coverage(beyond(seed, 2.0), 1 - LEVEL, 2 * HORIZON) for seed in range(10)]
    assert max(found) < 0.01


def test_the_error_is_that_of_sums_over_blocks() -> None:
    """Against the spread of block sums by hand: a normal law of that spread gives nearly the same p."""
    x = beyond(3)
    around = np.concatenate([x, x]).astype(float)
    sums = np.convolve(around, np.ones(20), "valid")[: len(x)]
    error = sums.std() / 20 * math.sqrt(20 / len(x))
    error *= math.sqrt(0.04 * 0.96 / (x.mean() * (1 - x.mean())))
    expected = 2 * stats.norm.sf(abs(x.mean() - 0.04) / error)
    assert overlapping_coverage(x, 0.04, 20, 20_000) == pytest.approx(expected, abs=0.03)


def test_what_cannot_be() -> None:
    assert math.isnan(overlapping_coverage(np.zeros(100, bool), 0.01, 20))
    with pytest.raises(ValueError, match="two blocks"):
        overlapping_coverage(np.ones(30, bool), 0.01, 20)
