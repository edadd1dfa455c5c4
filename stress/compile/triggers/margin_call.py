"""Numbers of margin calls."""

from __future__ import annotations

from typing import Any

import numpy as np

from stress.compile.matrices import start_books
from stress.kernels.triggers.margin_call import MarginCall
from stress.scenarios.problem import Problem


def record(problem: Problem, dtype: np.dtype[Any]) -> MarginCall | None:
    """As arrays in float64; None where no fund has a requirement."""
    funds = problem.funds
    exposure, margin = start_books(problem)
    total = margin.sum(axis=1, keepdims=True)
    arrays: dict[str, Any] = {
        "cure_factor": (1.0 + funds.buffer)[:, None],
        "start_excess": exposure - margin,
        "excess_room": 1.0 - total,
        "excess_limit": np.where(total > 0, 0.0, np.finfo(dtype).tiny),
    }
    return MarginCall(**arrays) if funds.has_margin.any() else None
