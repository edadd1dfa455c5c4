"""Tiles: how paths are dealt to devices, and what is counted within them."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

from stress.engine.tiles import BINS, TiledPaths, count_bins, limbs, map_tiles, no_counts
from stress.results.statistics.exact_sum import HIGH_BITS, LARGEST, LOW_BITS, SUMMED_TOGETHER
from stress.results.statistics.histogram import FloatHistogram

TILE = 8


@pytest.mark.parametrize("devices", [1, 2, 3, 4])
@pytest.mark.parametrize("count", [1, 7, 8, 9, 30, 64, 96])
def test_results_come_back_in_the_order_of_the_ids(devices: int, count: int) -> None:
    ids = np.random.default_rng(count).integers(0, 2**40, count).astype(np.uint64)
    tiled = TiledPaths(ids, 12, TILE, devices)
    low, high, valid = tiled.words()
    assert low.shape == high.shape == valid.shape == (12, TILE)
    assert int(valid.sum()) == count
    laid = low.astype(np.uint64) | high.astype(np.uint64) << np.uint64(32)
    np.testing.assert_array_equal(laid, tiled.lay_out(ids))
    np.testing.assert_array_equal(tiled.by_path(laid), ids)
    rows = np.stack([ids, ids + np.uint64(1)])
    np.testing.assert_array_equal(tiled.by_path(tiled.lay_out_rows(rows)), rows)
    np.testing.assert_array_equal(tiled.in_order(laid).reshape(-1)[:count], ids)


def test_tiles_are_dealt_in_turn() -> None:
    tiled = TiledPaths(np.arange(3 * TILE, dtype=np.uint64), 8, TILE, 2)
    busy = tiled.valid.any(axis=1).reshape(2, 4)
    np.testing.assert_array_equal(busy, [[True, True, False, False], [True, False, False, False]])


def test_map_stops_after_the_last_valid_tile() -> None:
    valid = np.zeros((4, TILE), bool)
    valid[:2, :3] = True
    inputs = (jnp.arange(4.0)[:, None] + jnp.ones((4, TILE)),)
    doubled: Any = map_tiles(lambda x: {"twice": 2.0 * x[0]}, inputs, jnp.asarray(valid))
    np.testing.assert_array_equal(doubled["twice"], np.array([2.0, 4.0, 0.0, 0.0])[:, None] + np.zeros((4, TILE)))


def test_a_device_without_a_valid_tile_computes_nothing() -> None:
    inputs = (jnp.ones((3, TILE)),)
    ones: Any = map_tiles(lambda x: 1.0 + 0.0 * x[0], inputs, jnp.zeros((3, TILE), bool))
    np.testing.assert_array_equal(ones, np.zeros((3, TILE)))


def in_units(value: Fraction) -> int:
    """A term in units of 2^-32, rounded as `limbs` rounds it: what lies beyond 2^-8 exactly, halves to even."""
    high = int(value * (1 << HIGH_BITS))
    return high * (1 << LOW_BITS) + round((value * (1 << HIGH_BITS) - high) * (1 << LOW_BITS))


def test_limbs_are_the_rounded_terms_added_exactly() -> None:
    random = np.random.default_rng(4)
    scales = 2.0 ** random.integers(-34, 17, (3, 2, 2 * SUMMED_TOGETHER))
    values = (scales * random.uniform(-1, 1, scales.shape)).astype(np.float32)
    values[0, 0, :6] = [0.0, -0.0, 2.0**-33, 3 * 2.0**-33, -(2.0**-33), np.nextafter(np.float32(LARGEST**2), 0)]
    found = np.asarray(limbs(jnp.asarray(values)))
    assert found.shape == (3, 2, 2, 2)
    groups = values.reshape(3, 2, 2, SUMMED_TOGETHER)
    for at in np.ndindex(3, 2, 2):
        high, low = (int(x) for x in found[at])
        assert high * 2**LOW_BITS + low == sum(in_units(Fraction(float(x))) for x in groups[at])


def test_counts_are_those_of_the_histogram() -> None:
    random = np.random.default_rng(2)
    values = (random.standard_t(3, (5, 2, TILE)) * 0.1).astype(np.float32)
    counted = random.random((5, TILE)) < 0.7
    expected = FloatHistogram.empty((2,))
    expected.add(np.moveaxis(values, 1, 0)[:, counted])
    found = np.asarray(count_bins(no_counts(values.shape[1]), jnp.asarray(values), jnp.asarray(counted)))
    assert found.shape == (2, BINS.bins)
    np.testing.assert_array_equal(found, expected.counts)
