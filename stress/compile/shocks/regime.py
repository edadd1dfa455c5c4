"""Numbers of the two regimes."""

from __future__ import annotations

from typing import Any

from stress.compile.shocks.cholesky import moves_matrix, step_deviation
from stress.compile.shocks.student_t import tails
from stress.compile.shocks.thresholds import threshold
from stress.kernels.shocks import regime as kernel
from stress.scenarios.problem import Problem


def record(problem: Problem) -> kernel.Regime:
    """As arrays in float64, probabilities as thresholds."""
    given, other = problem.shocks.parameters, problem.shocks.parameters.correlation
    arrays: dict[str, Any] = {
        "calm": given.calm[:, None],
        "crisis": given.crisis[:, None],
        "matrix": None if other is None else moves_matrix(problem, other, step_deviation(problem)),
        "first_in_crisis": threshold(given.first_in_crisis),
        "stay_calm": threshold(given.stay_calm),
        "stay_crisis": threshold(given.stay_crisis),
    }
    return kernel.Regime(tails(problem), **arrays)
