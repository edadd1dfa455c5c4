"""The engine itself, as `run` runs it, and its result as plain arrays in the reference's order."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import xarray as xr

from stress.engine.runner import execute
from stress.options import Precision, RunOptions
from stress.questions.validate.readings import Readings, groups
from stress.results.dataset.tree import to_datatree
from stress.results.statistics.simulation_output import SimulationOutput
from stress.scenarios.problem import Problem

# variable of the dataset's `paths` -> reading
BY_PATH = {
    "fund_loss": "group_loss",
    "fund_loss_static": "group_loss_static",
    "trough": "trough",
    "trough_static": "trough_static",
    "called_usd": "called",
    "called_nav_share": "called_share",
    "forced_sales_usd": "forced_sales",
    "max_drawdown": "max_drawdown",
    "defaulted_nav_share": "defaulted_share",
    "unliquidated_usd": "unliquidated",
    "first_call_step": "first_call_step",
    "defaulted": "defaulted",
}

STORED = {  # metric of the engine -> reading
    "fund_loss": "group_loss",
    "fund_loss_static": "group_loss_static",
    "trough": "trough",
    "trough_static": "trough_static",
    "max_drawdown": "max_drawdown",
    "called": "called",
    "called_share": "called_share",
    "forced_sales": "forced_sales",
    "defaulted_share": "defaulted_share",
    "unliquidated": "unliquidated",
}


class Run(NamedTuple):
    """One run in memory."""

    output: SimulationOutput
    tree: xr.DataTree


def run(
    problem: Problem,
    paths: int,
    seed: int,
    precision: Precision,
    detailed: int,
    options: RunOptions,
    block_size: int | None = None,
) -> Run:
    """Run a problem with every path stored.

    Args:
        problem: the scenario.
        paths: how many.
        seed: of the draw.
        precision: "float32" or "float64".
        detailed: how many of them are followed step by step.
        options: devices and memory are taken from here.
        block_size: paths that travel together; None = chosen by the engine.

    Raises:
        InvariantFailed: what must hold on every path does not.
    """
    problem = replace(problem, estimation=replace(problem.estimation, detail_paths=detailed))
    chosen = replace(options, paths=paths, seed=seed, precision=precision, store="paths", block_size=block_size)
    output = execute(problem, chosen)
    return Run(output, to_datatree(output))


def by_path(problem: Problem, tree: xr.DataTree) -> Readings:
    """The dataset's `paths` under the names of readings, (group, path): fund types by id, and of losses the system."""
    table = tree["paths"].to_dataset()
    nav = groups(problem)[:-1] @ problem.funds.nav
    found: Readings = {}
    for variable, reading in BY_PATH.items():
        if variable in table:
            values = np.asarray(table[variable].sel(fund=list(problem.funds.types))).T
            found[reading] = values / nav[:, None] if variable.endswith("_usd") else values
    found["group_loss"] = np.vstack([found["group_loss"], np.asarray(table["system_loss"])[None]])
    return found


def every_path(output: SimulationOutput) -> Readings:
    """All that a run with `store = "paths"` has kept by path, (row, path): fund types and, last, the system; brokers.

    Under the names of readings, amounts as fractions of the row's NAV, of the system's for brokers.
    """
    table = output.stored
    if table is None:
        raise ValueError("the run has not stored its paths")
    found: Readings = {reading: table.metrics[metric] for metric, reading in STORED.items()}
    return found | {
        "first_call_step": table.first_call_step,
        "defaulted": table.defaulted,
        "broker_loss": table.broker_loss,
    }
