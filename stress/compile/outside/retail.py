"""Numbers of retail dip-buying."""

from __future__ import annotations

from typing import Any

import numpy as np

from stress.compile.books import BILLION
from stress.kernels.outside.retail import Retail
from stress.scenarios.problem import Problem


def record(problem: Problem) -> Retail | None:
    """As arrays in float64; None where nobody buys."""
    table, per_day = problem.outside.get("retail"), problem.steps_per_day
    if table is None or table.per_percent == 0:
        return None
    arrays: dict[str, Any] = {
        "weights": table.weights[None, :],
        "flow": (table.weights / (problem.assets.adv / BILLION))[:, None],
        "per_move": np.float64(100.0 * table.per_percent / BILLION),
        "cap": np.float64(table.cap / BILLION),
        "fatigue": np.float64(table.fatigue),
        "budget": np.float64(table.budget / BILLION),
        "steps_per_day": np.float64(per_day),
    }
    return Retail(**arrays)
