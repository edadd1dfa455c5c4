"""Numbers of exponential impact."""

from __future__ import annotations

from typing import Any

from stress.kernels.impact.exponential import Exponential
from stress.scenarios.problem import Problem


def record(problem: Problem) -> Exponential:
    """As arrays in float64."""
    outstanding: Any = problem.impact.parameters.outstanding
    return Exponential((problem.impact.parameters.beta * problem.assets.adv / outstanding)[:, None])
