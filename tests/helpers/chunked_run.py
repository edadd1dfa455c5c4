"""One run in float64 with everything stored: tiles of 64 paths, a tile a block, about a block a chunk."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache

import pytest

from flat import overridden
from plain_draw import plain_draw
from stress.engine import chunk_simulator, runner
from stress.engine.detail import call_size
from stress.engine.devices import Devices
from stress.engine.sizes import devices_for
from stress.options import Progress, RunOptions
from stress.reference.result import Result, simulate
from stress.results.statistics.simulation_output import SimulationOutput
from stress.scenarios.problem import Problem
from twin_alone import plain

PATHS, TILE, SEED = 390, 64, 0  # the last call has six paths, on which nobody trades in the first step
LEVELS = ("0.5", "0.9")
LARGEST_MOVE, SLOPE = 0.12, 4.0  # of a draw; price change by a day's volume


@cache
def problem() -> Problem:
    """Draws are clipped, prices floored, cascades cut off; flows of some steps are larger than a day's depth."""
    base = plain({"liquidity": {"evaporation": 1.2}})
    changed: Problem = overridden(
        base,
        {
            "shocks": {"model": "gaussian", "scale": 2.5, "max_move": LARGEST_MOVE, "repair_distance": 0.125},
            "impact": {"law": "linear", "slope": SLOPE / base.assets.adv},
            "cascade": {"max_rounds": 1},
            "estimation": {"levels": LEVELS},
        },
    )
    shocks = replace(changed.shocks, script=changed.shocks.script[:3])
    return replace(changed, steps=3, shocks=shocks, outside={})


@cache
def told() -> Result:
    """What the reference says of its paths."""
    return simulate(problem(), plain_draw(problem(), SEED, PATHS)[0])


@cache
def chunked_run() -> SimulationOutput:
    seen: list[Progress] = []

    def small(problem: Problem, options: RunOptions) -> Devices:
        return replace(devices_for(problem, options), tile=TILE, tiles_per_device=1)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runner, "devices_for", small)
        patch.setattr(chunk_simulator, "SECONDS_OF_A_CHUNK", 0.0)
        patch.setattr(call_size, "PATHS_PER_CALL", TILE)
        options = RunOptions(
            paths=PATHS, seed=SEED, devices=1, precision="float64", store="paths", block_size=TILE, device="cpu"
        )
        found = runner.execute(problem(), options, seen.append)
    assert len([one for one in seen if one.phase == "paths"]) == math.ceil(PATHS / TILE)
    return found
