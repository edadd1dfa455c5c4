"""Numbers of a replay: what is left of the draw."""

from __future__ import annotations

from typing import Any

import numpy as np

from stress.compile.shocks.cholesky import step_deviation
from stress.kernels.shocks.replay import Replay
from stress.scenarios.problem import Problem
from stress.scenarios.shocks.protocol import across

SMALLEST = 1e-3  # share of a draw that others do not explain, below which there is none


def replay(problem: Problem) -> Replay | None:
    """As arrays in float64; None without a replay.

    The regression of draws is by their long-run correlation; what remains is then given the size of the residual.
    """
    given = problem.shocks.replay
    if given is None:
        return None
    deviation = step_deviation(problem)
    active: Any = np.isin(np.arange(1, problem.steps + 1), given.steps)
    freed = np.flatnonzero(given.freed & (deviation > 0))
    partial = (given.residual > 0) & ~given.freed
    rows = np.eye(len(deviation))[freed]
    with_freed = across(problem.shocks.draw_correlation, deviation, rows)
    gain = with_freed @ np.linalg.pinv(with_freed[freed]) if len(freed) else with_freed
    variance = deviation**2
    taken = np.divide((gain * with_freed).sum(axis=1), variance, out=np.zeros_like(variance), where=variance > 0)
    left = np.sqrt(np.clip(1.0 - taken, 0.0, None))
    kept = np.divide(given.residual, left, out=np.zeros_like(left), where=partial & (left > SMALLEST))
    kept = np.where(given.draws, 1.0, kept)
    arrays: Any = (rows, np.where(partial, 1.0, 0.0)[:, None] * gain, kept[:, None], given.draws.astype(float)[:, None])
    return Replay(active, *arrays)
