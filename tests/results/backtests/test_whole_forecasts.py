"""Ranks in forecasts, and the score of quantiles."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from stress.results.statistics.backtests.pit import berkowitz, pit, uniformity
from stress.results.statistics.backtests.quantile_score import quantile_score, score_difference


def test_a_rank_is_that_among_the_draws() -> None:
    draws = np.array([1.0, 2.0, 3.0, 3.0])
    assert pit(draws, 0.0) == pytest.approx(0.1)
    assert pit(draws, 2.5) == pytest.approx(0.5)
    assert pit(draws, 3.0) == pytest.approx(0.7)
    assert pit(draws, 9.0) == pytest.approx(0.9)


def test_right_forecasts_pass_as_often_as_said() -> None:
    random = np.random.default_rng(1)
    ranks = random.random((300, 400))
    for test in (uniformity, berkowitz):
        refused = np.mean([test(one).p_value < 0.05 for one in ranks])
        assert abs(refused - 0.05) < 5 * np.sqrt(0.05 * 0.95 / 300)


def test_what_each_test_is_for() -> None:
    random = np.random.default_rng(2)
    normal = random.standard_normal(1000)
    wide = stats.norm.cdf(1.3 * normal)
    assert uniformity(wide).p_value < 0.01
    assert berkowitz(wide).p_value < 1e-6
    shifted = stats.norm.cdf(normal + 0.2)
    assert berkowitz(shifted).p_value < 1e-3
    linked = stats.norm.cdf((normal[1:] + 0.3 * normal[:-1]) / np.sqrt(1.09))
    assert uniformity(linked).p_value > 0.05
    assert berkowitz(linked).p_value < 1e-3
    found = berkowitz(linked)
    assert found.p_value == pytest.approx(stats.chi2.sf(found.statistic, 3))
    with pytest.raises(ValueError, match="too few"):
        berkowitz(np.full(9, 0.5))


def test_the_true_quantile_scores_best() -> None:
    losses = stats.norm.rvs(size=20_000, random_state=3)
    score = {q: quantile_score(losses, np.full(20_000, stats.norm.ppf(q)), 0.99) for q in (0.97, 0.99, 0.997)}
    assert all(np.all(one >= 0) for one in score.values())
    for wrong in (0.97, 0.997):
        found = score_difference(score[wrong], score[0.99])
        assert found.mean > 0
        assert found.p_value < 0.01
    assert quantile_score(np.array([3.0]), np.array([1.0]), 0.99)[0] == pytest.approx(0.99 * 2)
    assert quantile_score(np.array([0.0]), np.array([1.0]), 0.99)[0] == pytest.approx(0.01)


def test_the_error_of_a_difference_heeds_correlation() -> None:
    random = np.random.default_rng(4)
    noise = random.standard_normal(4001)
    moving = noise[1:] + noise[:-1]
    zero = np.zeros(4000)
    apart, linked = score_difference(noise[1:], zero), score_difference(moving, zero)
    assert apart.error == pytest.approx(1 / np.sqrt(4000), rel=0.1)
    assert linked.error == pytest.approx(2 / np.sqrt(4000), rel=0.1)
    assert score_difference(zero, zero) == (0.0, 0.0, 1.0)
