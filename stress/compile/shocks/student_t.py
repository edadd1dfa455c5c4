"""Numbers of the Student-t draw, and of Student-t innovations of other models."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from stress.compile.shocks.names import names
from stress.kernels.shocks.student_t import StudentT, scale_coefficients
from stress.scenarios.problem import Problem


def record(problem: Problem) -> StudentT:
    """As arrays in float64."""
    by_class = problem.shocks.class_dof
    if not by_class:
        scale: Any = scale_coefficients(problem.shocks.dof)
        return StudentT(scale, None, None)
    kinds = sorted(by_class)
    arrays: Any = (
        np.column_stack([scale_coefficients(by_class[kind]) for kind in kinds])[:, :, None],
        names(kinds),
        np.array([[float(kind == own) for kind in kinds] for own in problem.assets.asset_class]),
    )
    return StudentT(*arrays)


def tails(problem: Problem) -> StudentT | None:
    """The same of another model; None where its innovations are gaussian."""
    return None if math.isinf(problem.shocks.dof) else record(problem)
