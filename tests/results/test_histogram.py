"""The bit histogram against sorting, and its promises: monotone, order-free, brackets that hold."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stress.results.statistics.histogram import FloatHistogram
from stress.results.statistics.levels import order_rank, tail_mass

finite = st.floats(width=32, allow_nan=False, allow_infinity=False)
samples = st.lists(st.one_of(finite, st.floats(-2, 2, width=32), st.just(math.inf)), min_size=1, max_size=60)
levels = st.sampled_from(["0", "0.05", "0.5", "0.95", "0.99", "0.999"])


def counted(values: np.ndarray, **sizes: int) -> FloatHistogram:
    histogram = FloatHistogram.empty(values.shape[:-1], **sizes)
    histogram.add(values)
    return histogram


def test_the_documented_constants() -> None:
    histogram = FloatHistogram.empty(())
    assert histogram.bins == 31747
    assert (histogram.lo_exp + 127) << histogram.mantissa_bits == 52736
    index = histogram.bin_index(np.array([-np.inf, -128, 0.0, -0.0, 2.0**-25, 2.0**-24, 1.0, 127.9, 128, np.inf]))
    n = 15872
    one = n + 2 + (24 << 9)
    assert index.tolist() == [0, 0, n + 1, n + 1, n + 1, n + 2, one, 2 * n + 1, 2 * n + 2, 2 * n + 2]


@given(samples)
def test_index_is_monotone_and_inside_the_edges(sample: list[float]) -> None:
    values = np.sort(np.array(sample, np.float32))
    histogram = FloatHistogram.empty(())
    index = histogram.bin_index(values)
    edges = histogram.edges()
    assert np.all(np.diff(index) >= 0)
    assert np.all(np.diff(edges) > 0)
    assert np.all((edges[index] <= values) & (values <= edges[index + 1]))


@given(samples, levels, st.integers(1, 23), st.integers(-20, 0), st.integers(1, 9))
@settings(max_examples=60)
def test_bracket_holds_the_order_statistic(sample: list[float], level: str, bits: int, lo: int, width: int) -> None:
    values = np.array(sample, np.float32)
    bits = min(bits, 12)
    value, low, high = counted(values, mantissa_bits=bits, lo_exp=lo, hi_exp=lo + width).quantile(level)
    exact = np.sort(values)[order_rank(level, len(values)) - 1]
    assert low <= exact <= high
    assert low <= value <= high


@given(st.lists(st.floats(-90, 90, width=32), min_size=1, max_size=60), levels)
def test_tail_mean_bracket_holds_the_expected_shortfall(sample: list[float], level: str) -> None:
    values = np.sort(np.array(sample, np.float32).astype(np.float64))[::-1]
    mass = tail_mass(level, len(values))
    whole = math.floor(mass)
    total = values[:whole].sum() + (float(mass - whole) * values[whole] if whole < len(values) else 0.0)
    value, low, high = counted(values).tail_mean(level)
    exact = total / float(mass)
    assert low - 1e-12 <= exact <= high + 1e-12
    assert value == pytest.approx(exact, rel=2.0**-9, abs=2.0**-9 * np.abs(values).max() + 2.0**-24)


@given(samples, samples, samples)
def test_merging_is_free_of_order(first: list[float], second: list[float], third: list[float]) -> None:
    parts = [counted(np.array(part, np.float32)) for part in (first, second, third)]
    forward = parts[0].merge(parts[1]).merge(parts[2])
    backward = parts[2].merge(parts[1].merge(parts[0]))
    whole = counted(np.array(first + second + third, np.float32))
    assert np.array_equal(forward.counts, backward.counts)
    assert np.array_equal(forward.counts, whole.counts)


def test_rows_are_counted_apart_and_match_numpy() -> None:
    values = np.random.default_rng(3).normal(size=(2, 3, 5000)).astype(np.float32)
    histogram = counted(values)
    assert np.array_equal(histogram.totals(), np.full((2, 3), 5000))
    value, low, high = histogram.quantile("0.9")
    exact = np.sort(values, axis=-1)[..., 4499]
    assert np.all((low <= exact) & (exact <= high))
    assert np.allclose(value, exact, rtol=2.0**-9)
    assert np.allclose(histogram.mean(), values.mean(axis=-1), atol=1e-4)
    assert np.array_equal(histogram.row((1, 2)).counts, histogram.counts[1, 2])


def test_infinity_is_counted_at_the_top_and_reaches_the_means() -> None:
    histogram = counted(np.array([0.0, 1.0, np.inf]))
    value, low, high = histogram.quantile("0.9")
    assert value == np.inf
    assert low == 128.0
    assert high == np.inf
    assert histogram.tail_mean("0.9")[0] == np.inf
    assert histogram.mean() == np.inf


def test_float64_beyond_float32_overflows_without_a_warning() -> None:
    histogram = counted(np.array([1e300, -1e300]))
    assert histogram.counts[0] == 1
    assert histogram.counts[-1] == 1


def test_nan_raises_and_changes_nothing() -> None:
    histogram = counted(np.array([1.0]))
    before = histogram.counts.copy()
    with pytest.raises(ValueError, match="NaN"):
        histogram.add(np.array([0.5, np.nan]))
    assert np.array_equal(histogram.counts, before)


def test_misuse_is_refused() -> None:
    histogram = FloatHistogram.empty((2,))
    with pytest.raises(ValueError, match="do not fit"):
        histogram.add(np.zeros((3, 4)))
    with pytest.raises(ValueError, match="at least one"):
        histogram.quantile("0.5")
    with pytest.raises(ValueError, match="differ"):
        histogram.merge(FloatHistogram.empty((3,)))
    with pytest.raises(ValueError, match="counts must be int64"):
        FloatHistogram(np.zeros(4, np.int64), 9, -24, 7)
    with pytest.raises(ValueError, match="no such histogram"):
        FloatHistogram.empty((), lo_exp=3, hi_exp=2)
    with pytest.raises(ValueError, match="outside 1"):
        counted(np.zeros(3)).order_statistics([4])


def test_levels_are_exact_where_floats_are_not() -> None:
    assert 0.07 * 100 > 7  # the trap: the float product would give rank 8
    assert order_rank("0.07", 100) == 7
    assert order_rank("0.95", 1_000_000) == 950_000
    assert tail_mass("0.999", 1_500) == Fraction(3, 2)
    for bad in ("1", "-0.1", "ninety"):
        with pytest.raises(ValueError, match="level"):
            order_rank(bad, 10)
