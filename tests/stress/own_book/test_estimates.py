"""Estimators against plain loops, and on data whose law is known."""

from __future__ import annotations

import numpy as np
import pytest

from stress.own_book.estimates import ewma_volatility, shrunk_correlation


def test_ewma_volatility_is_a_weighted_sum() -> None:
    returns = np.random.default_rng(1).standard_normal((50, 2)) * [0.01, 0.03]
    weights = np.array([0.5 ** ((49 - t) / 10) for t in range(50)])
    expected = [
        np.sqrt(252 * sum(w * r * r for w, r in zip(weights, x, strict=True)) / sum(weights)) for x in returns.T
    ]
    np.testing.assert_allclose(ewma_volatility(returns, 10), expected, rtol=1e-12)


def test_shrinkage_is_ledoit_and_wolfs() -> None:
    x = np.random.default_rng(2).standard_normal((40, 6)) @ np.linalg.cholesky(np.full((6, 6), 0.5) + 0.5 * np.eye(6)).T
    z = (x - x.mean(axis=0)) / x.std(axis=0)
    sample = z.T @ z / 40
    distance = ((sample - np.eye(6)) ** 2).sum()
    noise = sum(((np.outer(row, row) - sample) ** 2).sum() for row in z) / 40**2
    found, intensity = shrunk_correlation(x)
    assert intensity == pytest.approx(min(noise, distance) / distance, rel=1e-12)
    np.testing.assert_allclose(found, (1 - intensity) * sample + intensity * np.eye(6), atol=1e-12)
    np.testing.assert_array_equal(np.diag(found), 1.0)


def test_shrinkage_is_definite_with_fewer_days_than_names_and_fades_with_days() -> None:
    rng = np.random.default_rng(3)
    wide, intensity = shrunk_correlation(rng.standard_normal((30, 60)))
    assert np.linalg.eigvalsh(wide)[0] > 0
    common = rng.standard_normal((5000, 1))
    long = shrunk_correlation(common + rng.standard_normal((5000, 4)))
    assert long[1] < 0.01 < intensity
    assert long[0][0, 1] == pytest.approx(0.5, abs=5 * 0.75 / np.sqrt(5000))
