"""Numbers of brokers' leverage limits."""

from __future__ import annotations

from typing import Any

import numpy as np

from stress.kernels.triggers.leverage_limit import LeverageLimit
from stress.scenarios.problem import Problem


def record(problem: Problem, dtype: np.dtype[Any]) -> LeverageLimit | None:
    """As arrays in float64; None where no fund has a limit."""
    table = problem.triggers.get("leverage_limit")
    if table is None:
        return None
    limit: Any = table.limit[:, None]
    target: Any = np.where(np.isfinite(limit), table.target[:, None], 1.0)
    return LeverageLimit(limit, target)
