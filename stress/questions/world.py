"""The paths of a lean run as a world: what figures and their differences between scenarios are made of."""

from __future__ import annotations

import numpy as np

from stress.options import RunOptions
from stress.results.answers.world import World
from stress.results.dataset.summary import row_order
from stress.results.statistics.simulation_output import SimulationOutput

METRICS = {"fund_loss": "fund_loss", "trough": "trough", "called_nav_share": "called_share"}


def world_of(output: SimulationOutput, options: RunOptions) -> World:
    """Every path of a lean run, funds in the order of the file and the system last, as stored by a run."""
    stored, order = output.stored, row_order(output)
    assert stored is not None  # a lean run keeps every path
    kind = np.dtype(options.precision)
    metrics = {name: stored.metrics[metric][order].astype(kind) for name, metric in METRICS.items()}
    nav = output.group_nav[order][:, None]
    return World(
        {
            **metrics,
            "forced_sales_usd": stored.metrics["forced_sales"][order] * nav,
            "defaulted": stored.defaulted[order],
        }
    )
