"""Numbers of volatility targets."""

from __future__ import annotations

from typing import Any

import numpy as np

from stress.compile.books import shape_rows
from stress.kernels.triggers.vol_target import VolTarget
from stress.scenarios.problem import TRADING_DAYS, Problem


def record(problem: Problem, dtype: np.dtype[Any]) -> VolTarget | None:
    """As arrays in float64; None where no fund has a target."""
    table, per_day = problem.triggers.get("vol_target"), problem.steps_per_day
    if table is None:
        return None
    memory = 0.97 ** (1.0 / per_day)
    variance = table.start_vol[shape_rows(problem)] ** 2 / (TRADING_DAYS * per_day)
    arrays: dict[str, Any] = {
        "ceiling": table.ceiling[:, None],
        "speed": (1.0 - (1.0 - table.speed) ** (1.0 / per_day))[:, None],
        "memory": np.float64(memory),
        "news": ((1.0 - memory) / np.where(variance > 0, variance, 1.0))[:, None],
    }
    return VolTarget(**arrays)
