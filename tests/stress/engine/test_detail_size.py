"""The detailed pass in bounded memory: coarser bins for many assets, fewer tiles a call, P&L of the worst paths."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest

from stress.compile.structure import structure_of
from stress.engine.detail import call_size, program
from stress.engine.detail.course import WorstPaths
from stress.engine.detail.quantiles import LARGEST, Quantiles, bins_of_assets, bins_of_rows, numbers
from stress.engine.runner import execute
from stress.options import RunOptions
from stress.results.dataset.tree import to_datatree
from stress.results.statistics.contributions import euler, paths_looked_at
from stress.results.statistics.simulation_output import SimulationOutput
from tiny import BN, single


def test_bins_are_coarser_only_where_assets_and_steps_are_many() -> None:
    """Up to 29 assets over 90 steps they are those of funds; two thousand names over ten steps fit in 300 MB."""
    assert bins_of_assets(90, 29).mantissa_bits == bins_of_rows().mantissa_bits
    bits = [bins_of_assets(10, assets).mantissa_bits for assets in (100, 300, 500, 1_000, 2_000, 20_000)]
    assert bits == [7, 6, 6, 5, 4, 4]
    for assets in (29, 300, 1_000, 2_000):
        assert 10 * 2 * assets * bins_of_assets(10, assets).bins <= LARGEST
    assert numbers(10, 11, 2_000) * 8 < 300e6


def test_counts_are_those_of_numpy_whatever_the_bins() -> None:
    steps, rows, assets, paths = 1, 2, 25_000, 5
    quantiles, random = Quantiles(steps, rows, assets), np.random.default_rng(2)
    assert quantiles.bins[1].mantissa_bits < quantiles.bins[0].mantissa_bits
    values = tuple(random.normal(0, 0.1, (steps, n, paths)).astype(np.float32) for n in (3 * rows, 2 * assets))
    of_rows, of_assets = map(jnp.asarray, values)
    counts = quantiles.counted(quantiles.nothing(), (of_rows, of_assets), jnp.asarray([True, True, False, True, True]))
    found = quantiles.on_the_host()
    for _ in range(2):
        quantiles.add(found, [x[None] for x in counts])
    for name, of, first in (("net_leverage", 0, rows), ("depth_lost", 1, assets)):
        expected = quantiles.on_the_host()[name]
        expected.add(values[of][:, first : first + expected.shape[1]][..., [0, 1, 3, 4]])
        np.testing.assert_array_equal(found[name].counts, 2 * expected.counts)


def test_the_worst_paths_are_those_of_a_sort() -> None:
    random = np.random.default_rng(3)
    loss, columns = random.integers(0, 40, 500).astype(np.float32), random.normal(size=(3, 500))
    worst = np.argsort(-loss, kind="stable")[:61]
    for pieces in (1, 7, 250):
        kept = WorstPaths(61, 3)
        for part in np.array_split(np.arange(500), pieces):
            kept.add(int(part[0]), loss[part], columns[:, part])
        np.testing.assert_array_equal(kept.ids, worst)
        values, ids = kept.by_id()
        np.testing.assert_array_equal(ids, np.sort(worst))
        np.testing.assert_array_equal(values, columns[:, ids])


@pytest.mark.parametrize("level", ["0.9", "0.99", "0.5", "0.1"])
def test_contributions_need_the_worst_paths_alone(level: str) -> None:
    random = np.random.default_rng(4)
    parts = random.standard_t(4, (5, 3_001))
    system, count = parts.sum(axis=0), paths_looked_at([level], 3_001)
    known = np.sort(np.argsort(-system, kind="stable")[:count])
    whole, few = euler(parts, system, level, 2.0, 9_000), euler(parts[:, known], system, level, 2.0, 9_000, known)
    np.testing.assert_array_equal(whole, few)
    assert (count == 3_001) == (level == "0.1")


@pytest.mark.slow
def test_no_number_depends_on_the_tiles_of_a_call(monkeypatch: pytest.MonkeyPatch) -> None:
    problem, options = single(estimation={"detail_paths": 700}), RunOptions(paths=1_000, seed=2, tile=64, device="cpu")
    tiles = [call_size.tiles_of_a_call(structure_of(problem), 2, 64, 700)]
    one = execute(problem, options)
    monkeypatch.setattr(call_size, "NUMBERS_PER_CALL", 1)
    tiles.append(call_size.tiles_of_a_call(structure_of(problem), 2, 64, 700))
    assert tiles == [12, 2]
    assert_same_detail(one, execute(problem, options))


def test_only_the_first_paths_are_taken_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = single(
        impact={"law": "square_root"},
        shocks={"scale": 2.5},
        retail={"per_percent": 0.1 * BN, "weights": 1.0},
        estimation={"detail_paths": 4096},
    )
    options = RunOptions(paths=2_500, seed=3, precision="float64", devices=1)
    every = execute(problem, options)
    monkeypatch.setattr(program, "PATHS", 1_100)
    some = execute(problem, options)
    for part, values in every.sample.parts.items():
        np.testing.assert_array_equal(some.sample.parts[part], values[:, :1_100])
    line = some.timeline.tables["loss_part"]
    held_still = list(some.sample.parts).index("held_still")
    np.testing.assert_allclose(line.mean[-1, held_still], some.sample.parts["held_still"].mean(axis=1), rtol=1e-12)
    error = some.sample.parts["held_still"].std(axis=1) / np.sqrt(1_099)
    np.testing.assert_allclose(line.error[-1, held_still], error, rtol=1e-9)
    np.testing.assert_array_equal(some.timeline.means["fund_loss"][0], every.timeline.means["fund_loss"][0])
    tree = to_datatree(some)
    assert tree["attribution"].attrs["paths_taken_apart"] == tree["timeline"].attrs["paths_taken_apart"] == 1_100


def assert_same_detail(one: SimulationOutput, other: SimulationOutput) -> None:
    for name, histogram in one.timeline.quantiles.items():
        np.testing.assert_array_equal(histogram.counts, other.timeline.quantiles[name].counts)
    for name, (mean, error) in one.timeline.means.items():
        np.testing.assert_array_equal((mean, error), other.timeline.means[name])
    for name, part in one.sample.attribution.items():
        np.testing.assert_array_equal(part, other.sample.attribution[name])
    np.testing.assert_array_equal(one.sample.asset_pnl, other.sample.asset_pnl)
    np.testing.assert_array_equal(one.sample.asset_pnl_paths, other.sample.asset_pnl_paths)
    assert one.sample.representative == other.sample.representative
