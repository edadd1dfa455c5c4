"""Volatility, correlation, factors, jumps, blocks and residual tests, each against what it should find."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.covariance import OAS, LedoitWolf
from statsmodels.stats.diagnostic import acorr_ljungbox, het_arch

from simulated_returns import simulated_garch, simulated_t
from stress.calibration.block_length import block_lengths
from stress.calibration.covariance import correlation
from stress.calibration.factors import given_factors, statistical_factors
from stress.calibration.garch import fit_garch
from stress.calibration.jumps import diffusion_share, fit_jumps
from stress.calibration.residual_tests import arch_lm, ljung_box, residual_tests
from stress.calibration.volatility import ewma_variances


def test_ewma_by_hand() -> None:
    found = ewma_variances(np.array([[0.01], [-0.03], [0.02]]), 0.9)
    first = (0.01**2 + 0.03**2 + 0.02**2) / 3
    second = 0.9 * first + 0.1 * 0.01**2
    third = 0.9 * second + 0.1 * 0.03**2
    assert found[:, 0] == pytest.approx([first, second, third, 0.9 * third + 0.1 * 0.02**2])
    with pytest.raises(ValueError, match="between 0 and 1"):
        ewma_variances(np.zeros((3, 1)), 1.0)


def test_shrunk_correlations_are_those_of_the_library() -> None:
    returns = simulated_t(120, 40, 5.0, 0.4, 1)
    scaled = (returns - returns.mean(axis=0)) / returns.std(axis=0)
    for method, estimator in (("ledoit-wolf", LedoitWolf), ("oas", OAS)):
        theirs = estimator(assume_centered=True).fit(scaled)
        found = correlation(returns, method)
        size = np.sqrt(np.diag(theirs.covariance_))
        assert found.matrix == pytest.approx(theirs.covariance_ / np.outer(size, size))
        assert found.shrinkage == pytest.approx(theirs.shrinkage_)
        assert 0 < found.shrinkage < 1
    plain = correlation(returns, "sample")
    assert plain.matrix == pytest.approx(np.corrcoef(returns, rowvar=False))
    apart = simulated_t(60, 40, 8.0, 0.1, 2)
    truth = 0.1 + 0.9 * np.eye(40)
    away = [np.linalg.norm(correlation(apart, method).matrix - truth) for method in ("sample", "oas")]
    assert away[1] < 0.8 * away[0]
    with pytest.raises(ValueError, match="allowed: ledoit-wolf"):
        correlation(returns, "magic")


@pytest.mark.parametrize(("days", "names"), [(400, 60), (150, 600)])
def test_factors_are_counted_and_explain_what_they_made(days: int, names: int) -> None:
    random = np.random.default_rng(1)
    loadings = random.normal(0, 0.01, (names, 3)) * np.array([2.0, 1.5, 1.0])
    returns = random.standard_normal((days, 3)) @ loadings.T + 0.012 * random.standard_normal((days, names))
    found = statistical_factors(returns)
    assert found.names == ("pc1", "pc2", "pc3")
    sample = np.var(returns, axis=0)
    assert np.sum(found.scaled**2, axis=1) + found.specific_sd**2 == pytest.approx(sample, rel=1e-6)
    fitted = found.scaled @ found.scaled.T + np.diag(found.specific_sd**2)
    truth = loadings @ loadings.T + 0.012**2 * np.eye(names)
    assert np.linalg.norm(fitted - truth) < 0.25 * np.linalg.norm(truth)
    assert len(statistical_factors(returns, 5).names) == 5
    with pytest.raises(ValueError, match="factors of"):
        statistical_factors(returns, names + 1)


def test_given_factors_by_least_squares() -> None:
    random = np.random.default_rng(2)
    factors = random.normal(0, [0.01, 0.02], (800, 2))
    loadings = np.array([[1.0, 0.0], [0.5, -0.4], [0.0, 2.0]])
    found = given_factors(factors @ loadings.T + 0.005 * random.standard_normal((800, 3)), factors, ("market", "oil"))
    assert found.loadings == pytest.approx(loadings, abs=0.08)
    assert found.factor_sd == pytest.approx(factors.std(axis=0))
    assert found.specific_sd == pytest.approx(np.full(3, 0.005), rel=0.1)
    with pytest.raises(ValueError, match="not independent"):
        given_factors(factors, np.column_stack([factors[:, 0], factors[:, 0]]), ("a", "b"))


def test_jumps_are_found_and_leave_the_diffusion() -> None:
    random = np.random.default_rng(3)
    returns = 0.01 * random.standard_normal((5040, 4))
    together = random.random(5040) < 4 / 252
    returns[together] += random.normal(-0.08, 0.02, (int(together.sum()), 1))
    alone = random.random(5040) < 2 / 252
    returns[alone, 1] += random.choice([-0.1, 0.1], int(alone.sum()))
    found = fit_jumps(returns - returns.mean(axis=0))
    assert found.common_rate == pytest.approx(together.sum() / 20, rel=0.08)
    assert found.common_mean == pytest.approx(np.full(4, -0.08), abs=0.01)
    assert found.own_rate[1] == pytest.approx(alone.sum() / 20, rel=0.15)
    assert found.own_sd[1] == pytest.approx(0.1, abs=0.01)
    assert np.all(found.own_rate[[0, 2, 3]] < 0.3)
    left = diffusion_share(found, returns.var(axis=0)) * returns.var(axis=0)
    assert np.sqrt(left) == pytest.approx(np.full(4, 0.01), rel=0.05)


def test_blocks_are_longer_where_volatility_lasts() -> None:
    lasting = block_lengths(simulated_garch(3000, 4, 4))
    fleeting = block_lengths(0.01 * np.random.default_rng(5).standard_normal((3000, 4)))
    assert np.median(lasting) > 3 * np.median(fleeting)
    assert np.all(fleeting >= 1)


def test_of_many_names_some_stand_for_all() -> None:
    returns = 0.01 * np.random.default_rng(8).standard_normal((150, 403))
    blocks = block_lengths(returns)
    assert blocks[[0, 402]] == pytest.approx(block_lengths(returns[:, [0, 402]]))
    assert np.sum(blocks == np.median(blocks)) >= 203
    garch = fit_garch(returns[:, :9], most=3)
    assert garch.fitted.sum() == 3
    for key in ("alpha", "gamma", "beta", "dof"):
        assert np.ptp(garch.values[key][~garch.fitted]) == 0
        assert np.isnan(garch.errors[key][~garch.fitted]).all()
    long_run = garch.values["omega"] / (1 - garch.persistence)
    assert long_run[~garch.fitted] == pytest.approx(returns[:, :9].var(axis=0)[~garch.fitted])


@pytest.mark.filterwarnings("ignore:acorr_lm currently")
def test_residual_tests_are_those_of_statsmodels() -> None:
    returns = simulated_garch(2000, 2, 6)
    for n in range(2):
        theirs = acorr_ljungbox(returns[:, n], lags=[10])["lb_pvalue"].iloc[0]
        assert ljung_box(returns)[n] == pytest.approx(theirs, rel=1e-9)
        theirs = het_arch(returns[:, n], nlags=5)[1]
        assert arch_lm(returns)[n] == pytest.approx(theirs, rel=1e-6)
    white = np.random.default_rng(7).standard_normal((2000, 2))
    found = residual_tests({"raw": returns, "white": white}, ("a", "b"))
    assert float(found["arch_lm_p"].sel(residuals="raw").max()) < 1e-6
    assert float(found["arch_lm_p"].sel(residuals="white").min()) > 0.01
    assert float(found["excess_kurtosis"].sel(residuals="raw").min()) > 0.8
    assert np.abs(found["excess_kurtosis"].sel(residuals="white")).max() < 0.5
