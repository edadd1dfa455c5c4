"""Numbers of the square-root law."""

from __future__ import annotations

from typing import Any

import numpy as np

from stress.compile.impact.daily import daily_volatility
from stress.kernels.impact.square_root import SquareRoot
from stress.scenarios.problem import Problem


def record(problem: Problem) -> SquareRoot:
    """As arrays in float64."""
    scale: Any = (problem.impact.parameters.coefficient * daily_volatility(problem))[:, None]
    core: Any = np.float64(problem.impact.parameters.core)
    return SquareRoot(scale, core)
