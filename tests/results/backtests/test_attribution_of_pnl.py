"""The P&L attribution test: its zones, and mappings that it sees through."""

from __future__ import annotations

import numpy as np
import pytest

from stress.results.statistics.backtests.attribution import Floats, pnl_attribution


def test_a_good_mapping_is_green_and_others_are_not() -> None:
    random = np.random.default_rng(1)
    book = random.standard_normal(250)
    near = pnl_attribution(book + 0.1 * random.standard_normal(250), book)
    assert near.zone == "green"
    assert near.spearman > 0.98
    half = pnl_attribution(0.5 * book, book)  # ranks are right, sizes are not: only the distance sees it
    assert half.spearman == pytest.approx(1.0)
    assert half.distance > 0.12
    assert half.zone == "red"
    other = pnl_attribution(random.permutation(book), book)  # sizes are right, days are not: only the ranks see it
    assert other.distance == 0.0
    assert other.zone == "red"


def test_zones_begin_where_the_rules_say() -> None:
    book = np.arange(1.0, 101.0)
    shift = {share: pnl_attribution(book + share, book) for share in (8, 9, 12, 13)}
    assert [round(one.distance, 2) for one in shift.values()] == [0.08, 0.09, 0.12, 0.13]
    assert [one.zone for one in shift.values()] == ["green", "amber", "amber", "red"]


@pytest.mark.parametrize(("correlation", "zone"), [(0.79, "amber"), (0.81, "green"), (0.71, "amber"), (0.69, "red")])
def test_zones_of_the_correlation(correlation: float, zone: str) -> None:
    score, book = np.random.default_rng(2).standard_normal(2000), np.arange(2000.0)

    def mixed(weight: float) -> Floats:
        return np.argsort(np.argsort(book + weight * score)).astype(np.float64)

    low, high = 0.0, 8000.0
    for _ in range(12):
        middle = (low + high) / 2
        above = pnl_attribution(mixed(middle), book).spearman > correlation
        low, high = (middle, high) if above else (low, middle)
    mix = mixed(low)
    found = pnl_attribution(mix, book)
    assert found.spearman == pytest.approx(correlation, abs=2e-3)
    assert found.distance == 0.0
    assert found.zone == zone


def test_pnl_without_ranks_is_refused() -> None:
    with pytest.raises(ValueError, match="same on every day"):
        pnl_attribution(np.zeros(250), np.arange(250.0))
    with pytest.raises(ValueError, match="not the same three"):
        pnl_attribution(np.zeros(250), np.zeros(249))
