"""Numbers of a history of days."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from stress.compile.shocks.cholesky import step_deviation
from stress.compile.shocks.thresholds import threshold
from stress.kernels.shocks import bootstrap as kernel
from stress.scenarios.problem import Problem


def record(problem: Problem) -> kernel.Bootstrap:
    """As arrays in float64."""
    given = problem.shocks.parameters
    return kernel.Bootstrap(days(step_deviation(problem)[:, None] * given.days, given.mean_block))


def days(returns: npt.NDArray[Any], mean_block: float) -> kernel.Days:
    """A history (asset, day), drawn in blocks of a mean length."""
    arrays: Any = (returns, threshold(1.0 / mean_block))
    return kernel.Days(*arrays)
