"""What the host does between calls: how often the tails look at the histogram, and what is sent to the devices."""

from __future__ import annotations

from itertools import pairwise

import jax
import numpy as np
import pytest

from stress.engine.chunk_simulator import ChunkSimulator
from stress.engine.gatherer import NEWS, Gatherer, _offer
from stress.engine.sizes import devices_for
from stress.engine.tiles import merged
from stress.options import RunOptions
from stress.results.statistics.running_tail import RunningTail
from tiny import single


def test_tails_are_told_when_a_sixteenth_more_calls_have_come(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[int] = []
    gatherer = Gatherer(1, 1, 10, store_paths=False)
    monkeypatch.setattr(RunningTail, "see", lambda *_: told.append(gatherer._added))
    for _ in range(1_000):
        gatherer._see()
    tails = told.count(1)
    calls = told[::tails]
    assert calls[:17] == [*range(1, 17), 18]
    assert all(after - before == int(before * NEWS) + 1 for before, after in pairwise(calls))
    assert calls[-1] > 900


def test_of_equal_losses_the_first_path_stays_whatever_comes_first() -> None:
    """A value as large as the smallest that is kept may still have a place: ties go by the path's id."""
    calls = [(4, [3.0, 1.0, 2.0, 1.0]), (0, [1.0, 2.0, 0.5, 1.0])]
    for order in (calls, calls[::-1]):
        tail = RunningTail(2)
        for first, values in order:
            ids = np.arange(first, first + 4, dtype=np.uint64)[None]
            _offer([([tail], np.ones((1, 4), bool))], np.array(values, np.float32)[None, None], ids)
            assert np.isfinite(tail.last()[0]), "from now on there is a smallest one"
        kept = tail.result()
        assert list(zip(kept.values.tolist(), kept.path_ids.tolist(), strict=True)) == [(3.0, 4), (2.0, 1)]


def test_histograms_of_devices_are_added() -> None:
    devices = np.array(jax.devices("cpu")[:2])
    across = jax.sharding.NamedSharding(jax.sharding.Mesh(devices, ("device",)), jax.sharding.PartitionSpec("device"))
    each = np.arange(12, dtype=np.int32).reshape(2, 2, 3)
    found = merged(jax.device_put(each, across))
    np.testing.assert_array_equal(found, each.sum(axis=0))
    assert found.dtype == np.int32


def test_parameters_are_on_every_device_before_the_first_call() -> None:
    options = RunOptions(paths=100, devices=2)
    simulator = ChunkSimulator(single(), options, devices_for(single(), options)).simulator
    simulator.compile()
    assert all(len(leaf.sharding.device_set) == 2 for leaf in jax.tree.leaves(simulator._on_devices))
