"""Numbers of bounded impact."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from stress.compile.impact.daily import daily_volatility
from stress.kernels.impact.bounded_exponential import BoundedExponential
from stress.scenarios.problem import Problem


def record(problem: Problem) -> BoundedExponential:
    """As arrays in float64."""
    law = problem.impact.parameters
    relative_depth = (1.0 - law.bound) * law.depth_coefficient * math.sqrt(law.depth_days)
    scale: Any = (daily_volatility(problem) / relative_depth)[:, None]
    bound: Any = np.float64(law.bound)
    return BoundedExponential(scale, bound)
