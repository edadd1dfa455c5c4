"""Numbers of portfolio margin."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from stress.compile.books import holders, shapes
from stress.kernels.margin.portfolio import Portfolio
from stress.scenarios.problem import Problem


def record(problem: Problem, on: npt.NDArray[np.bool_]) -> Portfolio:
    """As arrays in float64; `on` (member,) says which funds are on the method."""
    moves = np.where(on[:, None, None], problem.funds.portfolio_moves, 0.0)[holders(problem)]
    arrays: dict[str, Any] = {
        "on": on[:, None],
        "cases": np.swapaxes(moves, 0, 1) * shapes(problem),
        "floor": problem.funds.portfolio_floor[:, None],
    }
    return Portfolio(**arrays)
