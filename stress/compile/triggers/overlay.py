"""Numbers of hedge overlays."""

from __future__ import annotations

from typing import Any

import numpy as np

from stress.compile.ramps import ramps
from stress.kernels.triggers.overlay import Overlay
from stress.scenarios.problem import Problem


def record(problem: Problem, dtype: np.dtype[Any]) -> Overlay | None:
    """As arrays in float64; None where no book is one."""
    table = problem.triggers.get("overlay")
    if table is None:
        return None
    row = problem.books.first_tier
    arrays: Any = ramps(table.loss[row], table.held[row])
    return Overlay(*arrays)
