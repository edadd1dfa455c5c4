"""Estimates from weighted paths: by hand, as of plain paths, and that their intervals hold."""

import math

import numpy as np
import pytest
from scipy.special import ndtr, ndtri

from stress.results.statistics.levels import order_rank
from stress.results.statistics.weighted import Weighted, expected_shortfall, mean, probability, value_at_risk


def test_by_hand() -> None:
    sample = Weighted(np.array([5.0, 1.0, 3.0, 2.0]), np.array([0.5, 2.0, 0.5, 1.0]), 4)
    # 25 % of four paths: weights above 3 are 0.5, above 2 are 1.0, above 1 are 2.0
    assert value_at_risk(sample, "0.75").value == 2.0
    assert expected_shortfall(sample, "0.75").value == pytest.approx(2.0 + (0.5 * 3 + 0.5 * 1) / 1.0)
    assert value_at_risk(sample, "0.8").value == 3.0
    assert probability(sample.values > 2.5, sample).value == 0.25


def test_weights_of_one_are_plain_paths() -> None:
    values = np.random.default_rng(3).normal(size=1000)
    sample = Weighted(values, np.ones(1000), 1000)
    ordered = np.sort(values)
    for level in ("0.95", "0.99", "0.5"):
        assert value_at_risk(sample, level).value == ordered[order_rank(level, 1000) - 1]
        tail = ordered[round(float(level) * 1000) :]
        assert expected_shortfall(sample, level).value == pytest.approx(tail.mean(), abs=1e-12)


def test_what_weights_do_not_reach_is_unknown() -> None:
    sample = Weighted(np.array([1.0]), np.array([0.5]), 1000)
    assert math.isnan(value_at_risk(sample, "0.5").value)
    assert math.isnan(expected_shortfall(sample, "0.5").value)
    assert math.isnan(value_at_risk(Weighted(np.zeros(0), np.zeros(0), 10), "0.9").value)


def test_errors_are_those_of_independent_terms() -> None:
    terms = np.array([3.0, 1.0])
    found = mean(terms, 4)  # 3, 1, 0, 0
    assert found.value == 1.0
    assert found.se == pytest.approx(np.std([3, 1, 0, 0], ddof=1) / 2)


def test_intervals_hold_under_a_shift_of_the_mean() -> None:
    """Normals drawn from a mixture of N(0, 1) and N(2.5, 1), weighted back to N(0, 1): 400 times 4,000 paths."""
    random = np.random.default_rng(7)
    level, n, held = "0.99", 4000, {"var": 0, "es": 0, "p": 0}
    quantile = float(ndtri(0.99))
    truth = {"var": quantile, "es": math.exp(-(quantile**2) / 2) / math.sqrt(2 * math.pi) / 0.01, "p": 1 - ndtr(3.0)}
    for _ in range(400):
        x = random.normal(size=n) + 2.5 * (np.arange(n) >= n // 5)
        weights = 1 / (0.2 + 0.8 * np.exp(2.5 * x - 2.5**2 / 2))
        sample = Weighted(x, weights, n)
        found = {
            "var": value_at_risk(sample, level),
            "es": expected_shortfall(sample, level),
            "p": probability(x > 3.0, sample),
        }
        for name, one in found.items():
            held[name] += one.low <= truth[name] <= one.high
    assert {name: count >= 0.91 * 400 for name, count in held.items()} == dict.fromkeys(held, True), held
