"""Tables of the detailed paths and of the worst ones: the same bits whatever the blocks and devices."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from recording_example import PROBLEMS
from stress.engine.runner import execute
from stress.options import RunOptions
from stress.results.statistics.simulation_output import SimulationOutput

PATHS = 1_100


@cache
def run(**options: Any) -> SimulationOutput:
    problem = list(PROBLEMS.values())[1]()
    problem = replace(problem, estimation=replace(problem.estimation, detail_paths=PATHS))
    return execute(problem, RunOptions(paths=PATHS, seed=3, precision="float64", **options))


@pytest.mark.slow
@pytest.mark.parametrize("options", [{"devices": 1}, {"devices": 2, "block_size": 1024}])
def test_slices_do_not_depend_on_blocks_and_devices(options: dict[str, Any]) -> None:
    first, second = run().timeline, run(**options).timeline
    assert first.slices is not None
    assert second.slices is not None
    for one, other in ((first.tables, second.tables), (first.slices.tables, second.slices.tables)):
        for name, table in one.items():
            np.testing.assert_array_equal(table.mean, other[name].mean, err_msg=name)
            np.testing.assert_array_equal(table.error, other[name].error, err_msg=name)
