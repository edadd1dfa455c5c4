"""Tipping points: crossings between points, their intervals, and where there is none."""

import math

import numpy as np
import pytest
import xarray as xr

from stress.results.answers.sweep.table import tipping_text
from stress.results.answers.sweep.tipping import Bound, crossing, tipping_point

X = np.array([1.0, 2.0, 3.0, 4.0])


def test_a_crossing_lies_between_two_points() -> None:
    assert crossing(X, np.array([0.0, 0.1, 0.3, 0.9]), 0.2) == pytest.approx(2.5)
    assert crossing(X, np.array([0.0, np.nan, 0.2, 0.9]), 0.1) == pytest.approx(2.0)
    assert crossing(X, np.array([0.5, 0.1, 0.3, 0.9]), 0.2) == 1.0
    assert math.isnan(crossing(X, np.array([0.0, 0.1, 0.1, 0.19]), 0.2))


def test_the_interval_is_where_the_ends_of_the_intervals_cross() -> None:
    p = np.array([0.0, 0.1, 0.3, 0.9])
    found = tipping_point(X, p, p - 0.05, p + 0.05, 0.2)
    assert found.low < found.value < found.high
    assert found.low == pytest.approx(2.25)
    assert found.high == pytest.approx(2.75)
    assert found.searched_to == 4.0


def test_none_and_ends_that_are_not_reached() -> None:
    p = np.array([0.0, 0.0, 0.1, np.nan])
    none = tipping_point(X, p, p, p + 0.15, 0.2)
    assert math.isnan(none.value)
    assert none.low == pytest.approx(2.5)
    assert none.searched_to == 3.0
    late = tipping_point(X, np.array([0.0, 0.0, 0.1, 0.21]), p, p, 0.2)
    assert late.high == math.inf
    early = tipping_point(X, np.array([0.1, 0.3, 0.4, 0.5]), np.zeros(4), np.full(4, 0.9), 0.2)
    assert early.low == -math.inf
    assert all(math.isnan(x) for x in tipping_point(X, np.full(4, np.nan), p, p, 0.2))


@pytest.mark.parametrize(
    ("point", "said"),
    [
        ((1.3, 1.2, 1.4, 2.0), "1.3 times (1.2 to 1.4)"),
        ((0.5, -math.inf, 0.5, 2.0), "already at 0.5 times"),
        ((math.nan, math.nan, math.nan, 0.85), "none up to 0.85 times"),
    ],
)
def test_a_factor_is_told_in_times(point: tuple[float, ...], said: str) -> None:
    names = ("tipping", "tipping_ci_low", "tipping_ci_high", "searched_to")
    one = xr.Dataset(dict(zip(names, point, strict=True)))
    assert tipping_text(one, factor=True) == said
    assert tipping_text(one) == said.replace(" times", "")


def test_the_bound_in_words() -> None:
    assert Bound(0.02, 0.1).text == "P(added loss > 2 %) = 10 %"
