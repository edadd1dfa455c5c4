"""Numbers of the factor draw: of the model `factor`, and of plain ones whose correlation is given by factors."""

from __future__ import annotations

from typing import Any

from stress.compile.shocks.cholesky import step_deviation
from stress.compile.shocks.names import names
from stress.compile.shocks.student_t import tails
from stress.kernels.shocks import factor as kernel
from stress.scenarios.problem import Problem


def record(problem: Problem) -> kernel.Factor:
    """As arrays in float64."""
    given, deviation = problem.shocks.factors or problem.shocks.parameters, step_deviation(problem)[:, None]
    arrays: Any = (names(given.names), given.weights * deviation, given.specific[:, None] * deviation)
    return kernel.Factor(tails(problem), *arrays)
