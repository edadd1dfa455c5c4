"""Exact sums and running tails: independent of order, equal to the plain computation."""

from __future__ import annotations

from fractions import Fraction

import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stress.engine.tiles import limbs
from stress.results.statistics.exact_sum import LARGEST, SUMMED_TOGETHER, ExactSum
from stress.results.statistics.histogram import FloatHistogram
from stress.results.statistics.running_tail import RunningTail

PATHS = 2 * SUMMED_TOGETHER
BELOW = float(np.nextafter(np.float32(LARGEST), np.float32(0)))
FLOATS = st.floats(-BELOW, BELOW, width=32)


def tiles_of(terms: list[float]) -> npt.NDArray[np.float32]:
    """Terms in tiles of PATHS, the last one filled with zeros."""
    full = np.zeros(-(-len(terms) // PATHS) * PATHS, np.float32)
    full[: len(terms)] = terms
    return full.reshape(-1, PATHS)


@given(st.lists(FLOATS, min_size=1, max_size=200), st.randoms(use_true_random=False))
def test_exact_sum_ignores_order(terms: list[float], shuffler: object) -> None:
    shuffled = list(terms)
    shuffler.shuffle(shuffled)  # type: ignore[attr-defined]
    forward, other = ExactSum(()), ExactSum(())
    forward.add(np.asarray(limbs(jnp.asarray(tiles_of(terms)))))
    for tile in tiles_of(shuffled):
        other.add(np.asarray(limbs(jnp.asarray(tile)))[None])
    assert forward.value() == other.value()
    exact = sum((Fraction(float(np.float32(t))) for t in terms), Fraction(0))
    assert abs(Fraction(float(forward.value())) - exact) <= len(terms) * Fraction(1, 2**32) + abs(exact) / 2**52


@given(st.lists(FLOATS, min_size=1, max_size=200), st.integers(0, 3))
def test_sums_of_squares_are_exact_wherever_the_tile_is_cut(terms: list[float], tiles_before: int) -> None:
    """Empty tiles before the terms, or another place within the tile, change nothing."""
    squares = tiles_of(terms) ** 2
    together, apart = ExactSum(()), ExactSum(())
    together.add(np.asarray(limbs(jnp.asarray(squares))))
    moved = tiles_of([0.0] * (tiles_before * 21) + terms) ** 2
    apart.add(np.asarray(limbs(jnp.asarray(moved))))
    assert together.value() == apart.value()
    exact = sum((Fraction(float(x)) for x in squares.reshape(-1)), Fraction(0))
    assert abs(Fraction(float(together.value())) - exact) <= len(terms) * Fraction(1, 2**32) + exact / 2**52


def test_the_largest_terms_and_their_squares_fit() -> None:
    terms = jnp.full((3, PATHS), BELOW, jnp.float32)
    for sign, values in ((1, terms), (-1, -terms), (1, terms * terms)):
        total = ExactSum(())
        total.add(np.asarray(limbs(values)))
        exact = 3 * PATHS * Fraction(float(values[0, 0]))
        assert abs(Fraction(float(total.value())) - exact) < Fraction(1, 2**20)
        assert sign * float(total.value()) > 0


def test_a_part_of_the_total_can_be_added_to() -> None:
    total = ExactSum((2, 3))
    rows = np.arange(3 * PATHS, dtype=np.float32).reshape(1, 3, PATHS) / 64
    total.add(np.asarray(limbs(jnp.asarray(rows))), (1,))
    np.testing.assert_array_equal(total.value(), [[0, 0, 0], rows[0].sum(axis=1, dtype=np.float64)])


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


@pytest.mark.parametrize("decimals", [7, 2])  # the second makes many ties
@pytest.mark.parametrize("seed", [1, 2])
def test_a_long_stream_keeps_the_same_in_any_order(decimals: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    every = np.round(random.standard_t(4, 120_000), decimals).astype(np.float32)
    ids, keep = np.arange(len(every), dtype=np.uint64), 700
    order = np.lexsort((ids, -every.astype(np.float64)))[:keep]
    for shuffled in (np.arange(len(every)), random.permutation(len(every))):
        tail = RunningTail(keep)
        offered = 0
        for part in np.array_split(shuffled, 9):
            offered += int(np.count_nonzero(every[part] >= tail.least(np.uint64(0), np.float32)))
            tail.add(every[part], ids[part])
        result = tail.result()
        np.testing.assert_array_equal(result.values, every[order].astype(np.float64))
        np.testing.assert_array_equal(result.path_ids, ids[order])
        assert offered < 20_000, "most values are turned away unseen"


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_equal_values_of_later_paths_are_turned_away_unseen(dtype: type) -> None:
    tail = RunningTail(10)
    tail.add(np.zeros(50, dtype), np.arange(50, dtype=np.uint64))
    assert tail.least(np.uint64(5), dtype) == 0.0
    assert 0.0 < tail.least(np.uint64(50), dtype) == np.nextafter(dtype(0), dtype(1))
    tail.add(np.array([0.0, tail.least(np.uint64(50), dtype)], dtype), np.array([50, 51], np.uint64))
    assert tail.result().path_ids.tolist() == [51, *range(9)]


def crash_apart() -> tuple[npt.NDArray[np.float32], npt.NDArray[np.uint64], npt.NDArray[np.bool_]]:
    """Values, ids, and on which paths somebody trades: on half of them, where this row gains."""
    random = np.random.default_rng(3)
    trades = random.random(120_000) < 0.5
    values = (random.standard_normal(len(trades)) - 4.0 * trades).astype(np.float32)
    return values, np.arange(len(trades), dtype=np.uint64), trades


@pytest.mark.parametrize("first", [4_000, 16_000, 120_000])
@pytest.mark.parametrize("order", ["largest first", "smallest first", "calm paths first", "trading paths first"])
def test_the_order_of_arrival_changes_nothing_even_where_it_says_something_about_the_values(
    order: str, first: int
) -> None:
    """Paths without a trigger arrive before the others, so the first values are no fair sample of a row."""
    every, ids, trades = crash_apart()
    by = {"largest first": -every, "smallest first": every, "calm paths first": trades, "trading paths first": ~trades}
    keep, arrival = 12_000, np.argsort(by[order], kind="stable")
    tail = RunningTail(keep)
    for part in np.split(arrival, range(first, len(every), 16_000)):
        tail.add(every[part], ids[part])
    head, result = np.lexsort((ids, -every.astype(np.float64)))[:keep], tail.result()
    np.testing.assert_array_equal(result.path_ids, ids[head])
    np.testing.assert_array_equal(result.values, every[head].astype(np.float64))


@given(st.integers(0, 2**32), st.integers(1, 40))
def test_what_is_seen_first_decides_what_has_no_place(seed: int, keep: int) -> None:
    """Bins of all values are known before they come: none of the largest is kept out, most of the others are."""
    rng = np.random.default_rng(seed)
    values = np.round(rng.normal(0, 0.1, 400), 2 + seed % 3).astype(np.float32)
    values[:3] = np.array([1e30, -1e30, 0.0], np.float32)  # beyond the bins, and between them
    ids = rng.permutation(400).astype(np.uint64)
    histogram = FloatHistogram.empty((1,))
    tail, edges = RunningTail(keep), histogram.edges()
    for first in range(0, 400, 100):
        part = slice(first, first + 100)
        before = histogram.counts[0].copy()
        histogram.add(values[None, part])
        tail.see([before, histogram.counts[0] - before], edges)
        so_far = np.sort(values[: first + 100])[::-1]
        least = tail.least(ids[part].min(), np.float32)
        if keep <= len(so_far):
            bins = histogram.bin_index(np.array([so_far[keep - 1], max(least, float(np.finfo(np.float32).min))]))
            assert least <= so_far[keep - 1]
            assert bins[0] - bins[1] <= 1  # the bin of the last one kept, or the edge of it
        chosen = values[part] >= least
        tail.add(values[part][chosen], ids[part][chosen])
    order = np.lexsort((ids, -values))[:keep]
    found = tail.result()
    np.testing.assert_array_equal(found.path_ids, ids[order])
    np.testing.assert_array_equal(found.values, values[order])


def test_what_has_no_place_is_not_held() -> None:
    tail = RunningTail(2)
    tail.add(np.array([3.0, 2.0, 1.0]), np.array([5, 7, 2], np.uint64))
    assert tail.last() == (2.0, np.uint64(7))
    tail.add(np.array([1.5, 2.0, 2.0]), np.array([1, 8, 6], np.uint64))
    assert sorted(tail.of(0, 100)[1].tolist()) == [5, 6, 7]
    assert tail.result().path_ids.tolist() == [5, 6]


def test_a_value_just_below_the_bin_in_which_it_is_counted_has_its_place() -> None:
    value = np.nextafter(0.25, 0.0)  # the float32 next to it is 0.25, where a bin begins
    histogram = FloatHistogram.empty(())
    histogram.add(np.array([value]))
    tail = RunningTail(1)
    tail.see([histogram.counts], histogram.edges())
    assert tail.least(np.uint64(0), np.float64) <= value
