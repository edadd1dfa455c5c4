"""Exact sums and running tails: independent of order, equal to the plain computation."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stress.results.exact import ExactSum
from stress.results.running_tail import RunningTail

FLOATS = st.floats(-1e6, 1e6, width=32)


@given(st.lists(FLOATS, min_size=1, max_size=60), st.randoms(use_true_random=False))
def test_exact_sum_ignores_order(terms: list[float], shuffler: object) -> None:
    forward, backward = ExactSum((1,)), ExactSum((1,))
    forward.add(np.array(terms)[:, None])
    for term in reversed(terms):
        backward.add(np.array([[term]]))
    assert forward.value()[0] == backward.value()[0]
    exact = sum((Fraction(t) for t in terms), Fraction(0))
    assert abs(Fraction(float(forward.value()[0])) - exact) <= len(terms) * Fraction(1, 2**32)


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e12])
def test_exact_sum_refuses_what_it_cannot_hold(bad: float) -> None:
    with pytest.raises(ValueError, match="not finite"):
        ExactSum((1,)).add(np.array([[bad]]))


@given(st.lists(st.integers(-5, 5), min_size=1, max_size=200), st.integers(1, 50), st.integers(1, 30))
def test_running_tail_is_the_sorted_head(values: list[int], keep: int, chunk: int) -> None:
    every, ids = np.array(values, np.float32), np.arange(len(values), dtype=np.uint64)
    tail = RunningTail(keep)
    for start in range(len(values) - len(values) % -chunk, -1, -chunk):  # in reverse order of path ids
        tail.add(every[start : start + chunk], ids[start : start + chunk])
    order = np.lexsort((ids, -every))[:keep]
    result = tail.result()
    np.testing.assert_array_equal(result.values, every[order])
    np.testing.assert_array_equal(result.path_ids, ids[order])
