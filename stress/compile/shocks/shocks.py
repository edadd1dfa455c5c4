"""The outside shock: Cholesky factor, means, script, and what the model of the draw needs."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np

from stress.compile.shocks.cholesky import moves_matrix, step_deviation
from stress.compile.shocks.names import names
from stress.kernels.shocks.draw import Shocks
from stress.kernels.shocks.registry import MODELS, NAMES
from stress.scenarios.problem import TRADING_DAYS, Problem

RECORDS: dict[str, Any] = {name: import_module(f"stress.compile.shocks.{name}").record for name in NAMES}


def shocks(problem: Problem, seed: int) -> Shocks:
    """Numbers of the shock, as arrays in float64."""
    table, per_day = problem.shocks, problem.steps_per_day
    model, deviation = MODELS[table.model], step_deviation(problem)
    unit = np.ones_like(deviation)
    drift = np.where(problem.assets.loaded, 0.0, table.drift / (TRADING_DAYS * per_day))
    arrays: dict[str, Any] = {
        "seed": np.array([seed & 0xFFFFFFFF, (seed >> 32) & 0xFFFFFFFF], np.uint32),
        "names": names(problem.assets.ids),
        "matrix": moves_matrix(problem, table.correlation, unit if model.unit else deviation) if model.dense else None,
        "mean": (_martingale(problem, deviation) if table.martingale else drift)[:, None],
        "max_move": np.float64(table.max_move),
        "script": np.log1p(table.script),
        "model": RECORDS[table.model](problem),
    }
    return Shocks(**arrays)


def _martingale(problem: Problem, deviation: Any) -> Any:
    """Means (asset,) of own draws with deviations (asset,) that leave mean prices where they are under gaussian."""
    loadings = problem.assets.loadings
    if loadings is None:
        return -0.5 * deviation**2
    return loadings.means(problem.shocks.correlation * np.outer(deviation, deviation))
