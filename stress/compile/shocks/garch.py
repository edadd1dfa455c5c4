"""Numbers of the GARCH draw, and of its recursion in other models."""

from __future__ import annotations

from typing import Any

from stress.compile.shocks.cholesky import step_deviation
from stress.compile.shocks.student_t import tails
from stress.kernels.shocks import garch as kernel
from stress.scenarios.problem import Problem
from stress.scenarios.shocks.garch import Variance


def record(problem: Problem) -> kernel.Garch:
    """As arrays in float64."""
    return kernel.Garch(tails(problem), recursion(problem, problem.shocks.parameters))


def recursion(problem: Problem, given: Variance) -> kernel.Variance:
    """Numbers of the variance over its long-run value."""
    omega = 1.0 - given.persistence
    rows: Any = (omega, given.alpha, given.gamma, given.beta, given.start, step_deviation(problem))
    return kernel.Variance(*(row[:, None] for row in rows))
