"""Numbers of default and close-out."""

from __future__ import annotations

from typing import Any

import numpy as np

from stress.kernels.triggers.close_out import CloseOut
from stress.scenarios.problem import Problem


def record(problem: Problem, dtype: np.dtype[Any]) -> CloseOut:
    """As arrays in float64; any fund may default."""
    table = problem.triggers["close_out"]
    cure_steps: Any = table.cure_steps[:, None]
    participation: Any = table.participation[:, None] / problem.steps_per_day
    return CloseOut(cure_steps, participation)
