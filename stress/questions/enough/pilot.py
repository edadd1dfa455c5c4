"""The first paths of a run, simulated before it is known how many there are to be: what they say of error and pace."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import jax

from stress.engine.chunk_simulator import ChunkSimulator
from stress.engine.chunks import Chunk
from stress.engine.sizes import devices_for
from stress.engine.totals import State
from stress.options import RunOptions
from stress.questions.enough.goal import Goal
from stress.scenarios.problem import Problem

PATHS = 65_536  # at least
SECONDS = 0.5  # of simulation, at least, where the pace is asked for: what is shorter says little of it
MOST = 4 * PATHS


@dataclass(frozen=True)
class Pilot:
    """What the first paths gave; `chunks` are blocks of the run that they become part of.

    Attributes:
        chunks: their states.
        paths: how many.
        block: paths of a block.
        se: standard error of the goal's figure; NaN without a goal.
        compiling: seconds until the first block was there.
        pace: seconds a path.
    """

    chunks: list[tuple[Chunk, State]]
    paths: int
    block: int
    se: float
    compiling: float
    pace: float


def run_pilot(
    problem: Problem, options: RunOptions, goal: Goal | None, timed: bool, says: Callable[[str], None]
) -> Pilot:
    """Simulate the first paths of a run of at most `options.paths`; `timed` says whether the pace matters.

    Raises:
        DeviceNotFound: the device asked for is not there.
        InvariantFailed: a path's result is not finite.
    """
    devices = devices_for(problem, options)
    with jax.enable_x64(options.precision == "float64"):
        started = time.perf_counter()
        simulator = ChunkSimulator(problem, options, devices, says)
        gatherer, block = simulator.gatherer(), simulator.simulator.size
        chunks: list[tuple[Chunk, State]] = []
        done, compiled = 0, started
        while done < min(MOST, options.paths):
            chunk = Chunk(done, min(done + block * max(len(chunks), 1), options.paths))
            chunks.append((chunk, simulator.simulate(chunk, gatherer)))
            done = chunk.last
            now = time.perf_counter()
            if len(chunks) == 1:
                compiled = now
            if done >= PATHS and (not timed or now - compiled >= SECONDS):
                break
        later = done - chunks[0][0].last
        pace = (time.perf_counter() - compiled) / later if later else (compiled - started) / done
        groups = problem.funds.ids if options.members else problem.funds.types
        rows = (*groups, *problem.fund_groups, "system")
        se = float("nan") if goal is None else goal.of_distributions(gatherer.distributions()[0], rows)
    return Pilot(chunks, done, block, se, compiled - started, pace)
