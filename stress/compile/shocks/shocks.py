"""The outside shock: Cholesky factor, means, script, and what the model of the draw needs."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np

from stress.compile.shocks.cholesky import moves_matrix, step_deviation
from stress.compile.shocks.conditions import laws, plain, slots
from stress.compile.shocks.names import drawn_by, names
from stress.compile.shocks.replay import replay
from stress.kernels.shocks.condition import Conditions
from stress.kernels.shocks.draw import Shocks
from stress.kernels.shocks.registry import MODELS, NAMES
from stress.scenarios.problem import Problem
from stress.scenarios.shocks.moments import step_mean

MODULES: dict[str, Any] = {name: import_module(f"stress.compile.shocks.{name}") for name in NAMES}


def shocks(problem: Problem, seed: int) -> Shocks:
    """Numbers of the shock, as arrays in float64."""
    table, drawn, deviation = problem.shocks, drawn_by(problem), step_deviation(problem)
    model = MODELS[drawn]
    unit = np.ones_like(deviation)
    arrays: dict[str, Any] = {
        "seed": np.array([seed & 0xFFFFFFFF, (seed >> 32) & 0xFFFFFFFF], np.uint32),
        "names": names(problem.assets.ids),
        "matrix": moves_matrix(problem, table.correlation, unit if model.unit else deviation) if model.dense else None,
        "mean": step_mean(table, problem.assets, deviation, problem.steps_per_day)[:, None],
        "max_move": np.float64(table.max_move),
        "script": np.log1p(table.script),
        "model": MODULES[drawn].record(problem),
        "conditions": _conditions(problem) if table.conditions else None,
        "replay": replay(problem) if model.random else None,
    }
    return Shocks(**arrays)


def _conditions(problem: Problem) -> Conditions:
    given = getattr(MODULES[drawn_by(problem)], "given", plain)
    return Conditions(slots(problem), *given(problem, laws(problem)))
