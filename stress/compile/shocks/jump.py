"""Numbers of the jumps."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from stress.compile.shocks.thresholds import threshold
from stress.kernels.shocks import jump as kernel
from stress.scenarios.problem import TRADING_DAYS, Problem
from stress.scenarios.shocks.jump import Jumps

MOST = 16  # jumps of a step that are counted; more have a probability below 1e-9


def record(problem: Problem) -> kernel.Jump:
    """As arrays in float64, probabilities as thresholds."""
    given, a_step = problem.shocks.parameters, 1.0 / (TRADING_DAYS * problem.steps_per_day)
    scale = problem.shocks.scale
    diffusion: Any = scale * given.diffusion[:, None] * math.sqrt(a_step)

    def jumps(kind: Jumps | None, shared: bool) -> kernel.Jumps | None:
        if kind is None:
            return None
        number = kind.rate * a_step
        rows: Any = (scale * kind.mean, scale * kind.sd, scale * kind.mean * number)
        counts: Any = thresholds(number[:1] if shared else number)[:, :, None]
        return kernel.Jumps(counts, *(row[:, None] for row in rows))

    return kernel.Jump(diffusion, jumps(given.common, True), jumps(given.own, False))


def thresholds(number: Any) -> Any:
    """Poisson counts of means (row,) as thresholds, (MOST, row): n jumps where a chance reaches n of them."""
    from scipy import stats

    return threshold(stats.poisson.cdf(np.arange(MOST)[:, None], number[None, :]))
