"""The engine in parts and the baselines under pytest-benchmark.

    python -m pytest benchmarks --benchmark-group-by=param:workload

Each benchmark records the paths of one run in `extra_info`. `levstress bench` measures the same in alternation,
which a busy machine spoils less.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from stress.bench.desk import desk_of
from stress.bench.suite import WORKLOADS, load_workload
from stress.engine.devices import available_cores, set_up
from stress.engine.sizes import devices_for
from stress.options import RunOptions

TILES_PER_DEVICE = 16
DESKS = ("desk-calm", "desk")
SECONDS = 0.5  # of one call of the NumPy workers


@pytest.fixture(scope="module", params=WORKLOADS)
def workload(request: pytest.FixtureRequest) -> Any:
    from stress.bench.parts import engine_of

    problem = load_workload(request.param)
    devices = devices_for(problem, RunOptions(device=set_up().kind))
    return engine_of(problem, devices, TILES_PER_DEVICE * devices.count)


@pytest.mark.parametrize("program", ["block", "metrics", "losses", "draws", "random numbers"])
def test_engine(benchmark: Any, workload: Any, program: str) -> None:
    sample = benchmark(workload.run, program, 0.0)
    benchmark.extra_info["paths"] = sample.paths
    assert sample.paths > 0


@pytest.fixture(scope="module", params=DESKS)
def numpy_workers(request: pytest.FixtureRequest) -> Iterator[Any]:
    from stress.bench.numpy_workers import NumpyWorkers

    with NumpyWorkers(desk_of(load_workload(request.param)), available_cores()) as workers:
        yield workers


def test_blocked_numpy(benchmark: Any, numpy_workers: Any) -> None:
    sample = benchmark(numpy_workers.run, SECONDS)
    benchmark.extra_info["paths"] = sample.paths
    assert sample.paths > 0


@pytest.mark.parametrize("name", DESKS)
def test_parallel_numba(benchmark: Any, name: str) -> None:
    from stress.bench.numba_paths import BATCH, NumbaPaths

    numba = NumbaPaths(desk_of(load_workload(name)), available_cores())
    numba.batch(BATCH)
    benchmark.extra_info["paths"] = BATCH
    assert benchmark(numba.batch, BATCH).shape[1] == BATCH
