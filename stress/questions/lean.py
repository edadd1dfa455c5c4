"""Lean runs: the summary and the paths of one scenario after another, without what only a whole run has.

Sweeps, sensitivities and ablations ask for many scenarios that differ in a few numbers. What is compiled depends on the
structure alone, so scenarios of one structure share their programs; path j has the draws of path j in each of them, and
every number is that of the scenario's own run, bit for bit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import jax
import numpy as np

from stress.compile.matrices import group_nav
from stress.engine.accounting import check_totals
from stress.engine.chunk_simulator import ChunkSimulator
from stress.engine.gatherer import add_block, kept_of
from stress.engine.path_tables import path_table, select_paths
from stress.engine.plan import plan
from stress.engine.runner import groups_in_file_order
from stress.engine.sizes import TAIL_KEEP, devices_for
from stress.engine.totals import Totals
from stress.kernels.params import Params
from stress.kernels.random.normals import GENERATOR
from stress.options import RunOptions
from stress.results.statistics.estimators import binomial_ranks
from stress.results.statistics.levels import order_rank
from stress.results.statistics.rows import with_groups
from stress.results.statistics.running_tail import RunningTail
from stress.results.statistics.simulation_output import (
    DISTRIBUTED,
    Distribution,
    PathTable,
    Sample,
    SimulationOutput,
    Timeline,
)
from stress.scenarios.problem import Problem


def run_lean(
    problem: Problem,
    options: RunOptions,
    says: Callable[[str], None] = lambda _: None,
    change: Callable[[Params], Params] = lambda params: params,
) -> SimulationOutput:
    """Simulate the paths of a scenario and keep each of them, without timeline, attribution and worst paths.

    Args:
        problem: the scenario.
        options: as for a run; every path is stored, whatever `store` says.
        says: is told what one waits for, such as a program that has to be compiled.
        change: makes other numbers of those of the problem, in its programs.

    Returns:
        What a run hands to the results layer, `stored` being all paths and `timeline` empty: for
        `stress.results.dataset.tree.to_lean_tree`.

    Raises:
        DeviceNotFound, NotEnoughResources: see `plan`.
        InvariantFailed: a result is not finite, or what was gathered does not fit together.
    """
    plan(problem, options_of_lean(options))
    with jax.enable_x64(options.precision == "float64"):
        return _run(problem, options_of_lean(options), says, change)


def options_of_lean(options: RunOptions) -> RunOptions:
    """The options as they hold for a lean run."""
    return replace(options, store="paths", worst=0, exact=False)


def _run(
    problem: Problem,
    options: RunOptions,
    says: Callable[[str], None],
    change: Callable[[Params], Params],
) -> SimulationOutput:
    devices = devices_for(problem, options)
    simulator = ChunkSimulator(problem, options, devices, says, change)
    brokers = len(problem.funds.brokers)
    rows = len(group_nav(problem, options.members, groups=True))
    totals, blocks = Totals(rows, brokers), []
    for finished in simulator.simulator.run(options.paths):
        add_block(totals, finished)
        blocks.append(replace(finished, block=jax.device_get(finished.block)))
    check_totals(totals, options.paths, "the run")
    stored = path_table(blocks, brokers)
    distributions, broker = _distributions(totals, stored, problem.estimation.levels)
    detailed = min(problem.estimation.detail_paths, options.paths)
    first = stored if detailed == options.paths else select_paths(stored, np.arange(detailed, dtype=np.uint64))
    output = SimulationOutput(
        problem=problem,
        groups=problem.funds.ids if options.members else problem.funds.types,
        groups_file_order=groups_in_file_order(problem, options.members),
        group_nav=group_nav(problem, options.members, groups=True),
        paths=options.paths,
        distributions=distributions,
        broker_loss=broker,
        sums=totals.by_metric("sums"),
        squares=totals.by_metric("squares"),
        cross=totals.sums["cross"].value(),
        broker_sums=totals.sums["broker_sums"].value(),
        broker_squares=totals.sums["broker_squares"].value(),
        counts=totals.counts,
        scalars=totals.scalars,
        checkpoints={},
        sample=_sample(first),
        timeline=_no_timeline(len(problem.funds.types)),
        worst={},
        worst_by_trough={},
        stored=stored,
        attrs={
            "seed": options.seed,
            "rng": GENERATOR,
            "precision": options.precision,
            "paths": options.paths,
            "device": devices.describe(),
            "tile": devices.tile,
            "members": options.members,
        },
    )
    return with_groups(output) if problem.fund_groups else output


def _distributions(
    totals: Totals, table: PathTable, levels: Sequence[str]
) -> tuple[dict[str, list[Distribution]], list[Distribution]]:
    """Histogram and tail of each of DISTRIBUTED, by row, and of the broker losses, as `Gatherer.distributions`.

    Of the tail no more than figures at these levels look at: what is kept beyond changes no bit of them.
    """
    most = _looked_at(levels, len(table.path_ids))
    values = [(table.metrics[name][row], kept_of(name)) for name in DISTRIBUTED for row in range(totals.rows)]
    values += [(losses, TAIL_KEEP) for losses in table.broker_loss]
    every = []
    for number, (of, keep) in enumerate(values):
        tail = RunningTail(min(keep, most))
        tail.add(of, table.path_ids)
        every.append(Distribution(totals.histogram.row(number), tail.result()))
    by_metric = {name: every[i * totals.rows : (i + 1) * totals.rows] for i, name in enumerate(DISTRIBUTED)}
    return by_metric, every[len(DISTRIBUTED) * totals.rows :]


def _looked_at(levels: Sequence[str], paths: int) -> int:
    """How many of the largest values VaR, ES and their intervals at these levels rest on."""
    lowest = (min(binomial_ranks(level, paths)[0], order_rank(level, paths)) for level in levels)
    return paths - max(1, min(lowest, default=paths)) + 1


def _sample(first: PathTable) -> Sample:
    return Sample(
        fund_loss=first.metrics["fund_loss"],
        fund_loss_static=first.metrics["fund_loss_static"],
        attribution={},
        asset_pnl=np.zeros((0, 0)),
        asset_pnl_paths=np.zeros(0, np.int64),
    )


def _no_timeline(funds: int) -> Timeline:
    nothing = np.zeros((0, funds, 0))
    return Timeline(paths=0, quantiles={}, means={}, rounds=np.zeros(0, np.int64), flow_by_fund=(nothing, nothing))
