"""Kupiec, Christoffersen and the traffic light on published numbers (Kupiec on J. P. Morgan's 1,043 days)."""

from __future__ import annotations

import numpy as np
import pytest

from stress.results.statistics.backtests.christoffersen import (
    Transitions,
    conditional_coverage,
    independence,
    joint,
    transitions,
)
from stress.results.statistics.backtests.kupiec import kupiec
from stress.results.statistics.backtests.traffic_light import traffic_light


def test_kupiec_as_published() -> None:
    found = kupiec(57, 1043, 0.05)
    assert found.statistic == pytest.approx(0.4614663953, abs=5e-11)
    assert found.p_value == pytest.approx(0.4969394476, abs=1e-10)


def test_christoffersen_as_published() -> None:
    alone = independence(Transitions(n00=932, n10=53, n01=53, n11=4))
    assert alone.statistic == pytest.approx(0.2586631526, abs=5e-11)
    assert alone.p_value == pytest.approx(0.6110400778, abs=5e-11)
    both = joint(kupiec(57, 1043, 0.05), alone)
    assert both.statistic == pytest.approx(0.7201295479, abs=5e-11)
    assert both.p_value == pytest.approx(0.6976311363, abs=5e-11)


def test_the_traffic_light_as_published() -> None:
    shown = [8.11, 28.58, 54.32, 75.81, 89.22, 95.88, 98.63, 99.60, 99.89, 99.97]
    found = [traffic_light(k) for k in range(12)]
    assert [round(100 * one.cumulative, 2) for one in found[:10]] == shown
    assert [one.zone for one in found] == ["green"] * 5 + ["yellow"] * 5 + ["red"] * 2


def test_pairs_of_days() -> None:
    days = np.array([0, 0, 1, 1, 1, 0, 1], bool)
    assert transitions(days) == Transitions(n00=1, n01=2, n10=1, n11=2)
    chain, alike = np.log([1 / 3, 2 / 3, 1 / 3, 2 / 3]) @ [1, 2, 1, 2], np.log([2 / 6, 4 / 6]) @ [2, 4]
    assert independence(transitions(days)).statistic == pytest.approx(2 * (chain - alike), abs=1e-12)
    uneven = Transitions(n00=90, n01=5, n10=2, n11=3)
    chain = np.log([90 / 95, 5 / 95, 2 / 5, 3 / 5]) @ [90, 5, 2, 3]
    assert independence(uneven).statistic == pytest.approx(2 * (chain - np.log([0.92, 0.08]) @ [92, 8]))


def test_clusters_fail_independence_alone_and_too_many_fail_coverage_alone() -> None:
    clustered = np.zeros(1000, bool)
    clustered[300:310] = True
    assert kupiec(10, 1000, 0.01).p_value == pytest.approx(1.0)
    assert independence(transitions(clustered)).p_value < 1e-6
    assert conditional_coverage(clustered, 0.01).p_value < 1e-6
    spread = np.zeros(1000, bool)
    spread[::37] = True
    assert kupiec(int(spread.sum()), 1000, 0.01).p_value < 1e-3
    assert independence(transitions(spread)).p_value > 0.1


@pytest.mark.parametrize("p", [0.01, 0.05])
def test_coverage_of_right_forecasts_is_refused_as_often_as_said(p: float) -> None:
    random = np.random.default_rng(3)
    refused = [kupiec(int(x), 1000, p).p_value < 0.05 for x in random.binomial(1000, p, 1500)]
    assert abs(np.mean(refused) - 0.05) < 0.03  # the count is whole, so not to the digit


def test_no_exception_at_all() -> None:
    assert kupiec(0, 250, 0.01).statistic == pytest.approx(-500 * np.log(0.99))
    assert independence(Transitions(249, 0, 0, 0)) == (0.0, 1.0)


@pytest.mark.parametrize(("exceptions", "days", "p"), [(5, 4, 0.01), (-1, 4, 0.01), (0, 0, 0.01), (0, 9, 0.0)])
def test_counts_that_cannot_be(exceptions: int, days: int, p: float) -> None:
    with pytest.raises(ValueError, match=r"days|probability"):
        kupiec(exceptions, days, p)
    with pytest.raises(ValueError, match="days of probability"):
        traffic_light(exceptions, days, p)
