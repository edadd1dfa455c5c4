"""Estimators against sorting, closed forms, coverage and the bootstrap."""

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from collected_example import distribution
from stress.results.statistics import estimators
from stress.results.statistics.estimators import Moments
from stress.results.statistics.few_paths import Z95, widened
from stress.results.statistics.simulation_output import Distribution, Tail

LEVELS = ("0.95", "0.99", "0.999")


def sorted_es(values: np.ndarray, level: str) -> float:
    """The definition, by sorting."""
    mass = (1 - Fraction(level)) * len(values)
    whole = math.floor(mass)
    worst = np.sort(values)[::-1]
    return float((worst[:whole].sum() + float(mass - whole) * worst[whole]) / float(mass))


def sorted_var(values: np.ndarray, level: str) -> float:
    return float(np.sort(values)[math.ceil(Fraction(level) * len(values)) - 1])


@given(
    st.lists(st.floats(-3, 3, width=32), min_size=2, max_size=80),
    st.sampled_from(["0.5", "0.9", *LEVELS]),
    st.floats(0, 1),
)
def test_var_and_es_are_those_of_sorting_however_long_the_tail(sample: list[float], level: str, share: float) -> None:
    values = np.array(sample, np.float32).astype(np.float64)
    reached = distribution(values)
    assert estimators.value_at_risk(reached, level).value == sorted_var(values, level)
    assert estimators.expected_shortfall(reached, level).value == pytest.approx(sorted_es(values, level), abs=1e-12)
    cut = distribution(values, kept=int(share * len(values)))
    close: dict[str, Any] = {"rel": 2.0**-9, "abs": 3 * 2.0**-9}
    assert estimators.value_at_risk(cut, level).value == pytest.approx(sorted_var(values, level), **close)
    assert estimators.expected_shortfall(cut, level).value == pytest.approx(sorted_es(values, level), **close)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("dof", [4.0, math.inf])
@pytest.mark.parametrize("kept", [None, 0, 700])
def test_closed_forms_of_gaussian_and_student_t(level: str, dof: float, kept: int | None) -> None:
    p = float(level)
    rng = np.random.default_rng(4)
    if math.isinf(dof):
        values = 0.1 * rng.normal(size=200_000)
        var = 0.1 * stats.norm.ppf(p)
        es = 0.1 * stats.norm.pdf(stats.norm.ppf(p)) / (1 - p)
    else:
        values = 0.1 * rng.standard_t(dof, 200_000)
        q = stats.t.ppf(p, dof)
        var = 0.1 * q
        es = 0.1 * stats.t.pdf(q, dof) / (1 - p) * (dof + q**2) / (dof - 1)
    sample = distribution(values, kept=kept)
    got_var, got_es = estimators.value_at_risk(sample, level), estimators.expected_shortfall(sample, level)
    assert abs(got_var.value - var) < 5 * got_var.se
    assert abs(got_es.value - es) < 5 * got_es.se
    # The errors are those of theory, so the two lines above cannot pass by being loose.
    density = stats.norm.pdf(var, scale=0.1) if math.isinf(dof) else stats.t.pdf(var, dof, scale=0.1)
    assert got_var.se == pytest.approx(math.sqrt(p * (1 - p) / 200_000) / density, rel=0.35)
    assert abs(got_es.value - es * 1.2) > 5 * got_es.se  # a planted error of a fifth is seen


def test_errors_from_the_histogram_alone_match_those_of_the_tail() -> None:
    values = np.random.default_rng(5).standard_t(4, 100_000) * 0.05
    for level in LEVELS:
        exact = estimators.expected_shortfall(distribution(values), level)
        rough = estimators.expected_shortfall(distribution(values, kept=0), level)
        assert rough.se == pytest.approx(exact.se, rel=0.01)
        assert rough.value == pytest.approx(exact.value, rel=2.0**-9)


def coverage(level: str, rank_shift: int = 0) -> tuple[float, float]:
    """Share of 600 samples of 3,000 whose VaR and ES intervals hold the truth."""
    rng = np.random.default_rng(29)
    truth_var = stats.norm.ppf(float(level))
    truth_es = stats.norm.pdf(truth_var) / (1 - float(level))
    hits = np.zeros(2)
    for _ in range(600):
        sample = distribution(0.1 * rng.normal(size=3000), kept=600)
        if rank_shift:
            tail = sample.tail
            sample = Distribution(sample.histogram, Tail(tail.values[rank_shift:], tail.path_ids[rank_shift:]))
        var, es = estimators.value_at_risk(sample, level), estimators.expected_shortfall(sample, level)
        hits += [var.low <= 0.1 * truth_var <= var.high, es.low <= 0.1 * truth_es <= es.high]
    return tuple(hits / 600)


def test_intervals_cover_and_a_planted_shift_of_ranks_does_not() -> None:
    var, es = coverage("0.95")
    error = math.sqrt(0.95 * 0.05 / 600)
    assert 0.95 - 5 * error < var < 0.95 + 5 * error
    assert 0.95 - 5 * error < es < 0.95 + 5 * error
    assert coverage("0.95", rank_shift=30)[0] < 0.95 - 5 * error


@pytest.mark.parametrize(("count", "level"), [(50, "0.5"), (1000, "0.99"), (100_000, "0.999")])
def test_binomial_ranks_have_the_stated_probability_and_no_spare_rank(count: int, level: str) -> None:
    low, high = estimators.binomial_ranks(level, count)
    p = float(level)
    assert stats.binom.cdf(low - 1, count, p) < 0.025 <= stats.binom.cdf(low, count, p)
    assert stats.binom.sf(high - 1, count, p) <= 0.025 < stats.binom.sf(high - 2, count, p)


def test_too_few_paths_say_so() -> None:
    sample = distribution(np.random.default_rng(1).normal(size=200))
    assert estimators.value_at_risk(sample, "0.999").high == math.inf
    assert estimators.value_at_risk(sample, "0.999").se == math.inf
    assert estimators.expected_shortfall(sample, "0.999").se == math.inf
    assert math.isfinite(estimators.expected_shortfall(sample, "0.95").se)


def twins(paths: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    static = np.random.default_rng(seed).standard_t(5, paths) * 0.05
    own = np.random.default_rng(seed + 1).normal(size=paths) * 0.01
    return static + 0.5 * np.maximum(static - 0.05, 0) + own, static


@pytest.mark.parametrize("level", ["0.95", "0.99"])
@pytest.mark.parametrize("kept", [(None, None), (20, 20), (None, 20), (20, None)])
def test_amplification_error_is_that_of_the_bootstrap(level: str, kept: tuple[int | None, int | None]) -> None:
    loss, static = twins(8000, 3)
    rng = np.random.default_rng(9)
    draws = []
    for _ in range(400):
        pick = rng.integers(0, len(loss), len(loss))
        a, b = sorted_es(loss[pick], level), sorted_es(static[pick], level)
        draws.append((a / b, a - b))
    bootstrap = np.std(draws, axis=0)
    ratio, difference = estimators.against_static(
        distribution(loss, kept=kept[0]), distribution(static, kept=kept[1]), level, loss, static
    )
    assert ratio.value == pytest.approx(sorted_es(loss, level) / sorted_es(static, level), rel=2.0**-8)
    assert difference.value == pytest.approx(sorted_es(loss, level) - sorted_es(static, level), rel=2.0**-6)
    assert ratio.se == pytest.approx(bootstrap[0], rel=0.2)
    assert difference.se == pytest.approx(bootstrap[1], rel=0.2)


def test_amplification_of_means_and_its_error() -> None:
    loss, static = twins(20_000, 4)
    loss, static = loss + 0.02, static + 0.02
    squares, static_squares, cross = float(loss @ loss), float(static @ static), float(loss @ static)
    moments = Moments(len(loss), loss.sum(), squares, static.sum(), static_squares, cross)
    ratio, difference = estimators.against_static_mean(moments)
    assert ratio.value == pytest.approx(loss.mean() / static.mean())
    assert difference.se == pytest.approx(widened((loss - static).std() / math.sqrt(len(loss)), len(loss)))
    linear = (loss - ratio.value * static) / static.mean()
    assert ratio.se == pytest.approx(widened(linear.std() / math.sqrt(len(loss)), len(loss)), rel=0.01)
    middle = (ratio.low + ratio.high) / 2
    assert ratio.low < ratio.value < middle < ratio.high  # Fieller's interval reaches further where the twin loses less


def test_a_twin_without_loss_gives_no_ratio() -> None:
    loss, _ = twins(1000, 5)
    for static in (np.full(1000, 0.0009), np.full(1000, -0.3)):
        ratio, difference = estimators.against_static(distribution(loss), distribution(static), "0.95", loss, static)
        assert math.isnan(ratio.value)
        assert math.isnan(ratio.se)
        assert difference.value == pytest.approx(sorted_es(loss, "0.95") - static[0], abs=1e-6)


def test_a_fund_equal_to_its_twin_has_amplification_one_without_error() -> None:
    _, static = twins(5000, 6)
    same = distribution(static)
    ratio, difference = estimators.against_static(same, same, "0.99", static, static)
    assert ratio.value == 1.0
    assert ratio.se == pytest.approx(0.0, abs=1e-8)
    assert difference.value == 0.0


def test_probability_and_its_wilson_interval() -> None:
    got = estimators.probability(30, 1000)
    reference = stats.binomtest(30, 1000).proportion_ci(method="wilson")
    assert (got.low, got.high) == pytest.approx((reference.low, reference.high))
    assert got.se == pytest.approx(math.sqrt(0.03 * 0.97 / 1000), rel=0.02)
    never = estimators.probability(0, 1000)
    assert never.low == 0.0
    assert never.high == pytest.approx(Z95**2 / (1000 + Z95**2))


def test_mean_from_sums() -> None:
    values = np.random.default_rng(8).normal(2, 3, 5000)
    got = estimators.mean(values.sum(), float(values @ values), 5000)
    assert got.value == pytest.approx(values.mean())
    assert got.se == pytest.approx(widened(values.std() / math.sqrt(5000), 5000))


def test_a_tail_that_the_histogram_did_not_count_is_refused() -> None:
    sample = distribution(np.zeros(100))
    wrong = Distribution(sample.histogram, Tail(np.array([1.0]), np.array([0], np.uint64)))
    with pytest.raises(ValueError, match="did not count"):
        estimators.expected_shortfall(wrong, "0.95")
