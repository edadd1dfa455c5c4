"""Screening by the twin: sales are simulated where the book held still loses most, and on few of the other paths.

Where funds trade on every path, a path with its sales costs several times as much as one on which the start book is
held still (its twin), and a path that is bad with sales is nearly always bad without them. So every path is held still.
The worst by that are simulated with all their sales and have weight 1; of the others one in so many, and that number
is its weight. Which one follows from its id alone, so estimates are without bias whatever the twin is worth (Horvitz
and Thompson 1952).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple, cast

import jax
import numpy as np
import numpy.typing as npt

from stress.engine.chunk_simulator import ChunkSimulator
from stress.engine.path_tables import path_table
from stress.engine.sizes import devices_for
from stress.kernels.quiet import QuietMetrics
from stress.options import RunOptions
from stress.results.statistics.simulation_output import PathTable
from stress.scenarios.problem import Problem

WORST = 0.02  # share of paths, by the twin's loss, whose sales are all simulated
ONE_IN = 32  # of the others
GOLDEN, FIRST, SECOND = (np.uint64(x) for x in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB))
Ids = npt.NDArray[np.uint64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


class Screened(NamedTuple):
    """What screening has simulated.

    Attributes:
        table: metrics of the paths that were simulated with their sales.
        weights: (path of the table,) 1 or `one_in`.
        static_loss: (path,) of the row asked about, every path held still.
        calm: (path,) whether nobody trades on it: its loss is `static_loss`, its weight 1.
    """

    table: PathTable
    weights: Floats
    static_loss: Floats
    calm: Bools

    def losses(self, row: int) -> tuple[Floats, Floats]:
        """Losses of the row asked about and weights, of all paths that have one, the calm ones last."""
        still = self.static_loss[self.calm]
        values = np.concatenate([self.table.metrics["fund_loss"][row], still])
        return values, np.concatenate([self.weights, np.ones(len(still))])


def one_in(ids: Ids, count: int) -> Bools:
    """A fixed choice of one id in `count`, by the mixing function of SplitMix64 (Steele, Lea and Flood 2014)."""
    with np.errstate(over="ignore"):
        x = ids + GOLDEN
        x = (x ^ (x >> np.uint64(30))) * FIRST
        x = (x ^ (x >> np.uint64(27))) * SECOND
    chosen: Bools = (x ^ (x >> np.uint64(31))) % np.uint64(count) == 0
    return chosen


def screened(
    problem: Problem,
    options: RunOptions,
    row: int = -1,
    worst: float = WORST,
    rest: int = ONE_IN,
    says: Callable[[str], None] = lambda _: None,
) -> Screened:
    """Hold every path still, and simulate those that matter.

    Args:
        problem: the scenario.
        options: as for a run.
        row: whose twin decides, a fund type in id order or -1, the system.
        worst: share of the paths with the largest losses of the twin that are simulated.
        rest: one in so many of the others is.
        says: is told what one waits for.

    Raises:
        DeviceNotFound: see `devices_for`.
    """
    devices = devices_for(problem, options)
    with jax.enable_x64(options.precision == "float64"):
        simulator = ChunkSimulator(problem, options, devices, says).simulator
        ids = np.arange(options.paths, dtype=np.uint64)
        static, calm = np.empty(options.paths), np.zeros(options.paths, bool)
        for finished in simulator.held_still(ids):
            tiled, metrics = finished.tiled, cast("QuietMetrics", finished.block.metrics)
            at = tiled.ids.astype(np.int64)
            static[at] = tiled.by_path(np.asarray(metrics.fund_loss))[row]
            if simulator.two_passes:
                calm[at] = tiled.by_path(np.asarray(metrics.first_trigger)[:, None])[0] == 0
        count = min(max(1, round(worst * options.paths)), options.paths)
        bad = static >= np.partition(static, options.paths - count)[options.paths - count]
        chosen = ids[~calm & (bad | one_in(ids, rest))]
        blocks = [replace(x, block=jax.device_get(x.block)) for x in simulator.run(chosen)] if len(chosen) else []
    table = path_table(blocks, len(problem.funds.brokers)) if blocks else _nothing(problem)
    weights = np.where(bad[table.path_ids.astype(np.int64)], 1.0, float(rest))
    return Screened(table, weights, static, calm)


def _nothing(problem: Problem) -> PathTable:
    rows = 1 + len(problem.funds.types) + len(problem.fund_groups)
    empty = np.zeros((rows, 0))
    return PathTable(
        path_ids=np.zeros(0, np.uint64),
        metrics={"fund_loss": empty},
        first_call_step=empty.astype(np.int64),
        defaulted=empty.astype(bool),
        broker_loss=np.zeros((len(problem.funds.brokers), 0)),
    )
