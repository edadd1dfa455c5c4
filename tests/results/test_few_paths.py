"""Errors that rest on few paths: none with fewer than ten, and above that intervals that hold the truth."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from collected_example import collected
from stress.results.dataset.detail import conditional_mean
from stress.results.dataset.tree import to_datatree
from stress.results.statistics import estimators
from stress.results.statistics.contributions import euler
from stress.results.statistics.estimate import Estimate
from stress.results.statistics.few_paths import (
    FEWEST,
    Z95,
    paths_that_count,
    two_sided_p,
    widened,
    widening,
)
from stress.results.statistics.histogram import FloatHistogram
from stress.results.statistics.simulation_output import Distribution, Tail
from stress.results.terminal.cells import paths_needed

LAWS = {"normal": stats.norm(scale=0.05), "t(4)": stats.t(4, scale=0.05)}
SAMPLES = 1_500


def known_tail(largest: np.ndarray, paths: int) -> Distribution:
    """The distribution of `paths` values of which only the largest are known."""
    histogram = FloatHistogram.empty(())
    histogram.add(largest)
    histogram.counts[0] += paths - len(largest)
    return Distribution(histogram, Tail(largest, np.arange(len(largest), dtype=np.uint64)))


def samples(law: str, tail_paths: int) -> list[Estimate]:
    """ES 99 % of samples with so many paths in the tail, from the largest order statistics of uniform numbers."""
    rng, paths, kept = np.random.default_rng(5), tail_paths * 100, tail_paths + 1
    found = []
    for _ in range(SAMPLES):
        sums = np.cumsum(rng.exponential(size=kept))
        largest = LAWS[law].isf(sums / (sums[-1] + rng.gamma(paths + 1 - kept)))
        found.append(estimators.expected_shortfall(known_tail(largest, paths), "0.99"))
    return found


def covered(found: list[Estimate], truth: float, narrower: float = 1.0) -> float:
    return float(np.mean([abs(one.value - truth) <= Z95 * one.se / narrower for one in found]))


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize(("tail_paths", "least"), [(10, 0.90), (30, 0.92), (100, 0.93)])
def test_intervals_of_es_cover_from_ten_tail_paths_on(law: str, tail_paths: int, least: float) -> None:
    found = samples(law, tail_paths)
    truth = float(LAWS[law].expect(lambda x: x, lb=LAWS[law].ppf(0.99))) * 100
    noise = math.sqrt(0.05 * 0.95 / SAMPLES)
    share = covered(found, truth)
    assert least - 2 * noise < share < 0.97 + 2 * noise
    true_width = np.std([one.value for one in found])
    assert np.median([one.se for one in found]) < 1.5 * true_width
    if law == "t(4)" and tail_paths <= 30:  # the plug-in error alone does not
        assert covered(found, truth, widening(tail_paths)) < least - 2 * noise


def test_below_ten_tail_paths_every_interval_is_infinite() -> None:
    rng = np.random.default_rng(2)
    loss = rng.normal(size=999)
    sample = known_tail(np.sort(loss)[::-1], 999)
    es, var = estimators.expected_shortfall(sample, "0.99"), estimators.value_at_risk(sample, "0.99")
    ratio, added = estimators.against_static(sample, sample, "0.99", loss, loss)
    for one in (es, var, ratio, added):
        assert (one.low, one.se, one.high) == (-math.inf, math.inf, math.inf)
        assert math.isfinite(one.value)
    assert conditional_mean(loss, "0.01")[1] == math.inf
    assert np.isinf(euler(np.stack([loss, 0.1 * loss]), 1.1 * loss, "0.99", es.value, 999)[1]).all()
    assert math.isfinite(conditional_mean(rng.normal(size=1000), "0.01")[1])


def test_in_a_result_an_interval_is_infinite_exactly_where_fewer_than_ten_paths_are_in_the_tail() -> None:
    summary = to_datatree(collected(paths=1500, stored=False))["summary"].to_dataset()
    for name in ("var", "es", "amplification", "added_loss"):
        width = summary[f"{name}_ci_high"] - summary[f"{name}_ci_low"]
        assert np.isfinite(width.sel(level=[0.95, 0.99])).all(), name  # 75 and 15 paths
        assert np.isinf(width.sel(level=0.999)).all(), name  # 1.5
        assert np.isinf(summary[f"{name}_se"].sel(level=0.999)).all(), name


def test_what_happens_on_few_paths_has_no_error() -> None:
    rare, often = np.zeros(5000), np.zeros(5000)
    rare[:4], often[:400] = 1.0, np.random.default_rng(3).exponential(size=400)
    assert paths_that_count(rare.mean(), (rare**2).mean(), 5000) == pytest.approx(8)
    assert paths_that_count(often.mean(), (often**2).mean(), 5000) == pytest.approx(400, rel=0.15)
    assert paths_that_count(0.0, 0.0, 5000) == 0
    assert estimators.mean(rare.sum(), float(rare @ rare), 5000, rare=True).se == math.inf
    assert math.isfinite(estimators.mean(often.sum(), float(often @ often), 5000, rare=True).se)
    assert conditional_mean(rare, "1")[1] == math.inf
    beyond = np.sort(np.concatenate([rare, [0.0]]))[::-1]  # five tail paths at 99.9 %, four of them beyond the quantile
    assert estimators.expected_shortfall(known_tail(beyond[:600], 5000), "0.95").se == math.inf


def test_the_rule_by_hand() -> None:
    assert widened(2.0, FEWEST - 0.01) == math.inf
    expected = stats.t(15).ppf(0.975) / stats.norm.ppf(0.975) * (1 + 0.35 / math.sqrt(30))
    assert widened(2.0, 30) == pytest.approx(2 * expected)
    assert widening(1e9) == pytest.approx(1, abs=1e-4)
    assert two_sided_p(Z95, 20) == pytest.approx(0.05)
    assert two_sided_p(-5.0, 1e9) == pytest.approx(2 * stats.norm.sf(5), rel=1e-3)
    assert two_sided_p(5.0, 20) > 100 * two_sided_p(5.0, 1e9)
    assert math.isnan(two_sided_p(math.nan, 20))
    assert [paths_needed(level) for level in (0.95, 0.99, 0.999, 0.975)] == [200, 1_000, 10_000, 400]


def test_the_ratio_of_means_covers_where_the_twin_hardly_loses() -> None:
    rng, paths, ends = np.random.default_rng(4), 400, []
    truth = 0.016 / 0.01
    for _ in range(SAMPLES):
        static = 0.01 + 0.1 * rng.normal(size=paths)  # its mean is two standard errors
        loss = static + 0.006
        sums = (loss.sum(), loss @ loss, static.sum(), static @ static, loss @ static)
        one = estimators.against_static_mean(estimators.Moments(paths, *map(float, sums)))[0]
        delta = np.abs(one.value - truth) <= Z95 * 0.1 / math.sqrt(paths) * abs(1 - one.value) / static.mean()
        ends.append((not (one.low > truth or one.high < truth), not math.isfinite(one.value) or delta))
    noise = math.sqrt(0.05 * 0.95 / SAMPLES)
    covers, by_delta = np.mean(ends, axis=0)
    assert covers > 0.95 - 3 * noise
    assert by_delta < 0.95 - 3 * noise


@pytest.mark.parametrize("paths", [100, 2000])
def test_the_interval_of_a_share_covers_next_to_zero_and_one(paths: int) -> None:
    for expected in np.linspace(0.02, 4, 40):  # hits
        p = expected / paths
        hits = np.arange(0, 30)
        for share, count in ((p, hits), (1 - p, paths - hits)):
            inside = [(one := estimators.probability(int(n), paths)).low <= share <= one.high for n in count]
            assert stats.binom.pmf(hits, paths, p) @ inside > 0.90, (expected, share)
