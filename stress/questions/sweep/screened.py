"""A point of a sweep by screening: every path held still, and sales simulated where that loses most and on few others.

Where funds trade on every path, a path with its sales costs several times as much as one on which the start book is
held still (its twin), and a path that is bad with sales is nearly always bad without them. Which of the others are
simulated follows from their ids alone: every 32nd, so that their number is known and the same for every seed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import cast

import jax
import numpy as np

from stress.compile.matrices import group_nav
from stress.engine.chunk_simulator import ChunkSimulator
from stress.engine.path_tables import path_table
from stress.engine.plan import plan
from stress.engine.runner import groups_in_file_order
from stress.engine.sizes import devices_for
from stress.engine.weighted.screen import ONE_IN, WORST, one_in
from stress.errors import InvariantFailed
from stress.kernels.quiet import QuietMetrics
from stress.options import RunOptions
from stress.questions.lean import options_of_lean
from stress.results.answers.sweep.screened import FUND_METRICS, Screened
from stress.scenarios.problem import Problem

FEWEST_OTHERS = 2  # of whom a variance is to be worked out


def screened_point(
    problem: Problem,
    options: RunOptions,
    says: Callable[[str], None] = lambda _: None,
    rest: int = ONE_IN,
) -> Screened:
    """Hold every path still, and simulate the worst of each fund and of all by that, and one in `rest` of the others.

    Args:
        problem: the scenario.
        options: as for a run.
        says: is told what one waits for.
        rest: one in so many of the others is simulated.

    Raises:
        DeviceNotFound, NotEnoughResources: see `plan`.
        InvariantFailed: a result is not finite.
    """
    problem = replace(problem, fund_groups={})
    plan(problem, options_of_lean(options))
    with jax.enable_x64(options.precision == "float64"):
        simulator = ChunkSimulator(problem, options, devices_for(problem, options), says).simulator
        ids, rows = np.arange(options.paths, dtype=np.uint64), len(group_nav(problem, options.members, groups=True))
        static, calm = np.empty((rows, options.paths)), np.zeros(options.paths, bool)
        for finished in simulator.held_still(ids):
            tiled, metrics = finished.tiled, cast("QuietMetrics", finished.block.metrics)
            at = tiled.ids.astype(np.int64)
            static[:, at] = tiled.by_path(np.asarray(metrics.fund_loss))
            if simulator.two_passes:
                calm[at] = tiled.by_path(np.asarray(metrics.first_trigger)[:, None])[0] == 0
        # Without a draw all paths are the same one, and none can stand for the others.
        count = max(1, round(WORST * options.paths)) if problem.shocks.model != "none" else options.paths
        least = np.partition(static, options.paths - count, axis=1)[:, options.paths - count]
        bad = np.any(static >= least[:, None], axis=0)
        others = ids[~calm & ~bad]
        taken = others[one_in(others, rest)]
        taken = taken if len(taken) > 1 else others[:FEWEST_OTHERS]
        chosen = np.sort(np.concatenate([ids[~calm & bad], taken]))
        blocks = [replace(x, block=jax.device_get(x.block)) for x in simulator.run(chosen)] if len(chosen) else []
    still = np.flatnonzero(calm)
    own, mine = {name: np.zeros((rows, len(still))) for name in FUND_METRICS}, np.zeros(0, np.int64)
    own["fund_loss"] = static[:, still]
    called = defaulted = np.zeros((rows, len(still)), bool)
    if blocks:
        table = path_table(blocks, len(problem.funds.brokers))
        mine = table.path_ids.astype(np.int64)
        own = {name: np.concatenate([table.metrics[name], own[name]], axis=1) for name in FUND_METRICS}
        called = np.concatenate([table.first_call_step > 0, called], axis=1)
        defaulted = np.concatenate([table.defaulted, defaulted], axis=1)
    if not (np.isfinite(static).all() and all(np.isfinite(values).all() for values in own.values())):
        raise InvariantFailed("a result of a screened path is not finite")
    return Screened(
        problem=problem,
        groups=problem.funds.ids if options.members else problem.funds.types,
        groups_file_order=groups_in_file_order(problem, options.members),
        group_nav=group_nav(problem, options.members, groups=True),
        static_loss=static,
        ids=np.concatenate([mine, still]),
        stands_for_others=np.concatenate([~bad[mine], np.zeros(len(still), bool)]),
        others=len(others),
        metrics=own,
        called=called,
        defaulted=defaulted,
    )
