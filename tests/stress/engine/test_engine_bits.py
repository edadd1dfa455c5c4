"""The engine: the same bits whatever the block size, the devices or how many paths there are."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain

import numpy as np
import pytest

from stress.engine.runner import execute
from stress.options import RunOptions
from stress.results.statistics.simulation_output import PATH_METRICS, SimulationOutput
from stress.scenarios.problem import Problem
from tiny import make_problem

PATHS = 5_000
PROBLEM = make_problem(steps=4, shocks={"scale": 2.5}, estimation={"detail_paths": 2_048})


def run(problem: Problem, **options: object) -> SimulationOutput:
    chosen: dict[str, object] = {"paths": PATHS, "seed": 11, "worst": 20, **options}
    return execute(problem, RunOptions(**chosen))  # type: ignore[arg-type]


# Where nobody buys it runs in two passes, which is all there is in one pass and more.
@pytest.fixture(
    scope="module",
    params=[
        pytest.param(PROBLEM, id="one pass", marks=pytest.mark.slow),
        pytest.param(replace(PROBLEM, outside={}), id="two passes"),
    ],
)
def reference(request: pytest.FixtureRequest) -> SimulationOutput:
    return run(request.param, devices=2, store="paths")


def assert_same_numbers(one: SimulationOutput, other: SimulationOutput) -> None:
    for name in PATH_METRICS:
        np.testing.assert_array_equal(one.sums[name], other.sums[name])
        np.testing.assert_array_equal(one.squares[name], other.squares[name])
    for a, b in zip(
        (*chain(*one.distributions.values()), *one.broker_loss),
        (*chain(*other.distributions.values()), *other.broker_loss),
        strict=True,
    ):
        np.testing.assert_array_equal(a.histogram.counts, b.histogram.counts)
        np.testing.assert_array_equal(a.tail.values, b.tail.values)
        np.testing.assert_array_equal(a.tail.path_ids, b.tail.path_ids)
    for name, counts in one.counts.items():
        np.testing.assert_array_equal(counts, other.counts[name])
    for name, (mean, error) in one.timeline.means.items():
        np.testing.assert_array_equal(mean, other.timeline.means[name][0])
        np.testing.assert_array_equal(error, other.timeline.means[name][1])
    for name, histogram in one.timeline.quantiles.items():
        np.testing.assert_array_equal(histogram.counts, other.timeline.quantiles[name].counts)
    for name, part in one.sample.attribution.items():
        np.testing.assert_array_equal(part, other.sample.attribution[name])
    np.testing.assert_array_equal(one.sample.asset_pnl, other.sample.asset_pnl)
    for mine, theirs in zip(one.timeline.flow_by_fund, other.timeline.flow_by_fund, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    for worst, others in ((one.worst, other.worst), (one.worst_by_trough, other.worst_by_trough)):
        for group, table in worst.items():
            np.testing.assert_array_equal(table.path_ids, others[group].path_ids)
            for name in PATH_METRICS:
                np.testing.assert_array_equal(table.metrics[name], others[group].metrics[name])


@pytest.mark.slow
@pytest.mark.parametrize("options", [{"devices": 2, "block_size": 1_000}, {"devices": 1}])
def test_block_size_and_devices_change_no_bit(reference: SimulationOutput, options: dict[str, int]) -> None:
    assert_same_numbers(reference, run(reference.problem, **options))


def test_one_device_and_another_block_size_change_no_bit(reference: SimulationOutput) -> None:
    other = run(reference.problem, devices=1, block_size=2_048)
    assert [one.attrs["device"] for one in (reference, other)] == ["cpu x 2", "cpu x 1"]
    assert_same_numbers(reference, other)


def test_more_paths_keep_the_first_ones(reference: SimulationOutput) -> None:
    longer = run(reference.problem, paths=PATHS + 3_000, block_size=PATHS, store="paths")
    assert longer.stored is not None
    assert reference.stored is not None
    for name in PATH_METRICS:
        np.testing.assert_array_equal(longer.stored.metrics[name][:, :PATHS], reference.stored.metrics[name])
