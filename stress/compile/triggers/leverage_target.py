"""Numbers of funds' own targets of leverage."""

from __future__ import annotations

from typing import Any

import numpy as np

from stress.kernels.triggers.leverage_target import LeverageTarget
from stress.scenarios.problem import Problem


def record(problem: Problem, dtype: np.dtype[Any]) -> LeverageTarget | None:
    """As arrays in float64; None where no fund has a target."""
    table = problem.triggers.get("leverage_target")
    if table is None:
        return None
    arrays: dict[str, Any] = {
        "target": table.target[:, None],
        "band": table.band[:, None],
        "two_way": table.two_way[:, None] if (np.isfinite(table.target) & table.two_way).any() else None,
    }
    return LeverageTarget(**arrays)
