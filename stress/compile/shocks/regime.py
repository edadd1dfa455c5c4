"""Numbers of the two regimes."""

from __future__ import annotations

import math
from typing import Any

from stress.compile.shocks.cholesky import moves_matrix, step_deviation
from stress.compile.shocks.conditions import pins, scales
from stress.compile.shocks.student_t import tails
from stress.compile.shocks.thresholds import threshold
from stress.kernels.shocks import regime as kernel
from stress.kernels.shocks.condition import Pins
from stress.scenarios.conditions.step import Law
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


def given(problem: Problem, laws: list[Law]) -> tuple[Pins, kernel.RegimeGiven]:
    """Numbers of conditions: in crisis, and chances of the regimes given the moves and the regime of the day before."""
    numbers, chances = problem.shocks.parameters, [(0.0, 0.0)]
    chances += [(law.given[0].log_density, law.given[1].log_density) for law in laws]

    def calm(before: float, densities: tuple[float, float]) -> float:
        """Probability of calm, `before` that without the condition."""
        one, other = densities
        return before / (before + (1.0 - before) * math.exp(min(other - one, 700.0))) if before > 0 else 0.0

    arrays: dict[str, Any] = {
        "first_in_crisis": threshold([1.0 - calm(1.0 - numbers.first_in_crisis, c) for c in chances]),
        "stay_calm": threshold([calm(numbers.stay_calm, c) for c in chances]),
        "stay_crisis": threshold([1.0 - calm(1.0 - numbers.stay_crisis, c) for c in chances]),
        "scales": scales(problem),
    }
    in_calm, in_crisis = (pins(problem, [law.given[i] for law in laws]) for i in range(2))
    return in_calm, kernel.RegimeGiven(in_crisis, **arrays)
