"""Contributions to ES and CoVaR: against closed forms, brute force over all paths, and replications of the estimate."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from collected_example import distribution
from stress.results.statistics.contributions import Conditional, benchmark, conditional_quantile, covar, euler
from stress.results.statistics.estimators import expected_shortfall
from stress.results.statistics.levels import as_fraction

WEIGHTS = np.array([0.5, 0.4, -0.2])
CORRELATION = np.array([[1.0, 0.5, 0.3], [0.5, 1.0, 0.1], [0.3, 0.1, 1.0]])
Draw = Callable[[np.random.Generator, int], np.ndarray]


def gaussian(rng: np.random.Generator, paths: int) -> np.ndarray:
    return WEIGHTS[:, None] * (np.linalg.cholesky(CORRELATION) @ rng.standard_normal((3, paths)))


def heavy_tailed(rng: np.random.Generator, paths: int) -> np.ndarray:
    """Student-t(5) parts, one of which loses more the worse the others do."""
    parts = gaussian(rng, paths) / np.sqrt(rng.chisquare(5, paths) / 5)
    parts[2] += 0.3 * np.maximum(parts[0] + parts[1] - 1, 0)
    return parts


def estimated(parts: np.ndarray, sampled: int, level: str) -> tuple[np.ndarray, np.ndarray]:
    """From the first `sampled` of some paths (part, path), and the ES of the whole over all of them."""
    whole = parts.sum(axis=0)
    return euler(parts[:, :sampled], whole[:sampled], level, shortfall(whole, level), len(whole))


def shortfall(losses: np.ndarray, level: str) -> float:
    """Mean of the worst, the boundary one in part."""
    mass = float(1 - as_fraction(level)) * len(losses)
    worst = np.sort(losses)[::-1][: math.ceil(mass)]
    return float((worst.sum() - (len(worst) - mass) * worst[-1]) / mass)


def replicate(draw: Draw, paths: int, sampled: int, level: str, times: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(5)
    found = [estimated(draw(rng, paths), sampled, level) for _ in range(times)]
    return np.array([value for value, _ in found]), np.array([error for _, error in found])


def test_contributions_of_gaussian_parts() -> None:
    from scipy.stats import norm

    value, error = estimated(gaussian(np.random.default_rng(1), 400_000), 200_000, "0.99")
    covariance = WEIGHTS[:, None] * CORRELATION * WEIGHTS
    deviation = math.sqrt(covariance.sum())
    exact = covariance.sum(axis=1) / deviation * norm.pdf(norm.ppf(0.99)) / 0.01
    assert np.all(np.abs(value - exact) < 5 * error)
    assert np.all(error < 0.02 * exact.sum())


@pytest.mark.parametrize("draw", [gaussian, heavy_tailed])
@pytest.mark.parametrize(("paths", "sampled"), [(3_000, 3_000), (12_000, 3_000)])
def test_errors_are_those_of_replications(draw: Draw, paths: int, sampled: int) -> None:
    values, errors = replicate(draw, paths, sampled, "0.95", 500)
    spread = values.std(axis=0, ddof=1)
    np.testing.assert_allclose(errors.mean(axis=0), spread, rtol=0.13)  # that of a spread from 500 is 3 %


def test_the_sum_over_all_paths_lowers_the_error() -> None:
    """What is known of the total from four times as many paths is shared out where it belongs."""
    alone = replicate(heavy_tailed, 3_000, 3_000, "0.95", 200)[0].std(axis=0)
    helped = replicate(heavy_tailed, 12_000, 3_000, "0.95", 200)[0].std(axis=0)
    assert np.all(helped < 0.9 * alone)


@pytest.mark.parametrize("level", ["0.95", "0.99", "0.999"])
@pytest.mark.parametrize("shift", [0.0, -3.0])
def test_contributions_sum_to_the_expected_shortfall(level: str, shift: float) -> None:
    """Also where it is near zero or a profit, and the boundary path counts in part."""
    parts = heavy_tailed(np.random.default_rng(3), 30_001) + shift / 3
    whole = parts.sum(axis=0)
    total = expected_shortfall(distribution(whole), level).value
    value, _ = euler(parts[:, :20_001], whole[:20_001], level, total, len(whole))
    assert value.sum() == pytest.approx(total, abs=1e-12)
    near_zero, _ = euler(parts[:, :20_001] - total / 3, whole[:20_001] - total, level, 0.0, len(whole))
    np.testing.assert_allclose(near_zero, value - total / 3, atol=1e-12)


def test_contributions_are_the_mean_of_the_worst_paths() -> None:
    parts = gaussian(np.random.default_rng(4), 1_010)
    value, _ = estimated(parts, 1_010, "0.95")
    order = np.argsort(-parts.sum(axis=0))
    by_hand = (parts[:, order[:50]].sum(axis=1) + 0.5 * parts[:, order[50]]) / 50.5
    np.testing.assert_allclose(value, by_hand, atol=1e-12)


def test_too_few_paths_have_no_error_and_equal_ones_none_at_all() -> None:
    parts = gaussian(np.random.default_rng(4), 900)
    assert np.all(np.isposinf(estimated(parts, 900, "0.99")[1]))
    assert np.all(np.isfinite(estimated(parts, 900, "0.95")[1]))
    same = np.repeat([[0.3], [-0.1], [0.0]], 2_000, axis=1)
    value, error = euler(same, same.sum(axis=0), "0.99", 0.2 + 1e-9, 2_000)
    np.testing.assert_allclose(value, [0.3, -0.1, 0.0], atol=1e-9)
    assert value[2] == 0
    assert value.sum() == pytest.approx(0.2 + 1e-9, abs=1e-15)
    assert np.all(error < 1e-12)


def pair(paths: int, seed: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """A fund's loss and the system's, float32 values."""
    parts = heavy_tailed(np.random.default_rng(seed), paths)
    return parts[0].astype(np.float32).astype(float), parts.sum(axis=0).astype(np.float32).astype(float)


def given_its_tail(fund: np.ndarray, system: np.ndarray, level: str) -> float:
    """CoVaR over all paths by sorting."""
    p = float(as_fraction(level))
    worse = np.sort(system[fund >= np.sort(fund)[math.ceil(p * len(fund)) - 1]])
    return float(worse[math.ceil(p * len(worse)) - 1])


@pytest.mark.parametrize("level", ["0.95", "0.99"])
@pytest.mark.parametrize("kept", [None, 8_000])
def test_covar_is_that_of_all_paths_where_the_tails_reach(level: str, kept: int | None) -> None:
    fund, system = pair(150_000)
    head = slice(0, 5_000)
    nothing = (np.zeros(200), np.zeros(200))  # not looked at
    found = covar(distribution(fund, kept=kept), distribution(system, kept=kept), level, nothing)
    assert found.value == given_its_tail(fund, system, level)
    assert found.low < found.value < found.high
    assert given_its_tail(fund[head], system[head], "0.95") != given_its_tail(fund, system, "0.95")


def test_covar_of_the_sample_where_a_tail_is_too_short() -> None:
    fund, system = pair(150_000)
    sample = (fund[:60_000], system[:60_000])
    by_sample = given_its_tail(*sample, "0.99")
    everything, short = distribution(system), distribution(system, kept=20)
    assert covar(distribution(fund, kept=1_000), everything, "0.99", sample).value == by_sample
    assert covar(distribution(fund), short, "0.99", sample).value == by_sample
    assert covar(distribution(fund), everything, "0.99", sample).value != by_sample


def test_a_fund_that_never_loses_says_nothing_about_the_system() -> None:
    _, system = pair(30_000)
    flat = np.zeros_like(system)
    whole = np.sort(system)[math.ceil(0.95 * len(system)) - 1]
    for kept in (None, 9_000):  # all paths tie at the fund's VaR: a tail cannot hold them
        found = covar(distribution(flat, kept=kept), distribution(system), "0.95", (flat, system))
        assert found.value == whole
    assert benchmark("0.95", (flat, system)).value == whole


def test_benchmark_is_within_one_standard_deviation() -> None:
    fund, system = pair(30_000)
    usual = np.sort(system[np.abs(fund - fund.mean()) <= fund.std()])
    assert benchmark("0.95", (fund, system)).value == usual[math.ceil(0.95 * len(usual)) - 1]
    assert len(usual) > 20_000


def test_error_of_covar_is_that_of_replications() -> None:
    pairs = [pair(20_000, seed) for seed in range(250)]
    found = [covar(distribution(fund), distribution(system), "0.9", (fund, system)) for fund, system in pairs]
    spread = np.std([one.value for one in found], ddof=1)
    assert np.mean([one.se for one in found]) == pytest.approx(spread, rel=0.15)


@pytest.mark.parametrize(("paths", "level"), [(99, "0.5"), (300, "0.99"), (3_000, "0.999"), (120, "0.01")])
def test_too_few_paths_have_no_conditional_quantile(paths: int, level: str) -> None:
    losses = np.sort(np.random.default_rng(1).normal(size=paths))[::-1]
    found = conditional_quantile(Conditional(paths, losses), level)
    assert found is not None
    assert math.isnan(found.value)
    assert math.isnan(found.se)


def test_a_quantile_below_the_known_losses_is_not_guessed() -> None:
    losses = np.sort(np.random.default_rng(1).normal(size=1_000))[::-1]
    assert conditional_quantile(Conditional(1_000, losses[:20]), "0.95") is None
    full, part = (conditional_quantile(Conditional(1_000, x), "0.95") for x in (losses, losses[:100]))
    assert full == part
    assert full is not None
    assert full.value == np.sort(losses)[949]
