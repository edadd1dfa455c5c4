"""The histograms of a run against its stored paths."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import xarray as xr

from stress.questions.validate.check import Check, largest
from stress.questions.validate.figures import expected
from stress.questions.validate.figures.told import Told
from stress.questions.validate.readings import Readings
from stress.results.statistics.simulation_output import ROUNDING
from stress.scenarios.problem import Problem

READINGS = {
    "loss": "group_loss",
    "loss_static": "group_loss_static",
    "trough": "trough",
    "trough_static": "trough_static",
    "drawdown": "max_drawdown",
}
ANY_MEMBER = {"called": "first_call_step", "defaulted": "defaulted"}


def histograms(part: str, problem: Problem, tree: xr.DataTree, found: Readings) -> Iterator[Check]:
    """They hold every path in the right bin, and count the paths over each share of NAV."""
    told = Told(problem, tree, "distribution")
    yield from expected.held(part, "distribution", tree, (*expected.HISTOGRAMS, *expected.SHARES_OVER))
    low, high = (np.asarray(told.table[name]) for name in ("bin_low", "bin_high"))
    for variable, name in READINGS.items():
        counts, wrong = told.array(variable, ("fund", "bin")), np.inf
        if counts is not None and len(counts) == len(found[name]):
            wrong = np.abs(counts.sum(axis=1) - found[name].shape[1]).sum()
            for row, values in zip(counts, found[name].astype(np.float32), strict=True):  # bins are of float32 bits
                # at an edge a bin may hold its lower or its upper end: both ways of counting bound the exact one
                ordered = np.sort(values)
                closed = [np.searchsorted(ordered, edge, side) for side in ("left", "right") for edge in (low, high)]
                wrong += int(((row < closed[1] - closed[2]) | (row > closed[3] - closed[0])).sum())
        yield Check(part, f"histogram of {variable}: bins with another count", float(wrong), 0)
    for kind, any_member in ANY_MEMBER.items():
        counts = told.array(f"{kind}_over", ("nav_share", "fund"))
        share, gap = found[f"{kind}_share"], np.inf
        if counts is not None:
            over = [share > least + ROUNDING for least in np.asarray(told.table["nav_share"])[1:]]
            by_hand = np.stack([found[any_member] > 0, *over]).sum(axis=2)
            gap = largest(np.abs(counts - by_hand))
        yield Check(part, f"paths over shares of NAV: {kind}", gap, 0)
