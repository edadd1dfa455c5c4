"""Numbers of the Student-t draw."""

from __future__ import annotations

from typing import Any

from stress.kernels.shocks.student_t import StudentT, scale_coefficients
from stress.scenarios.problem import Problem


def record(problem: Problem) -> StudentT:
    """As arrays in float64."""
    scale: Any = scale_coefficients(problem.shocks.dof)
    return StudentT(scale)
