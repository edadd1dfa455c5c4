"""The small street of `tiny` with names that move with its assets: one by a chain, one short, one of two assets."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from stress.scenarios.loadings.record import loadings_of
from stress.scenarios.problem import Problem
from tiny import make_problem

LOADINGS = {"semis": {"tech": 1.2}, "energy": {"bonds": -0.3, "semis": 0.5}}


def loaded_problem(loadings: dict[str, dict[str, float]] = LOADINGS, **changes: Any) -> Problem:
    """`make_problem(**changes)` with loadings among its assets and own draws that are uncorrelated with the rest."""
    problem = make_problem(**changes)
    assets, given = problem.assets, loadings_of(problem.assets.ids, loadings)
    assert given is not None
    free = np.outer(~given.loaded, ~given.loaded)
    correlation = np.where(free, problem.shocks.correlation, 0.0)
    np.fill_diagonal(correlation, 1.0)
    script = np.where(given.loaded, 0.0, problem.shocks.script)
    shocks = replace(problem.shocks, correlation=correlation, script=script)
    return replace(problem, assets=replace(assets, loadings=given), shocks=shocks)
