"""Numbers of linear impact."""

from __future__ import annotations

from typing import Any

from stress.kernels.impact.linear import Linear
from stress.scenarios.problem import Problem


def record(problem: Problem) -> Linear:
    """As arrays in float64."""
    slope: Any = problem.impact.parameters.slope
    return Linear((slope * problem.assets.adv)[:, None])
