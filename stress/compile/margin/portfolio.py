"""Numbers of portfolio margin."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from stress.compile.books import gammas, holders, shapes
from stress.kernels.margin.portfolio import Moved, Portfolio
from stress.scenarios.problem import Problem


def record(problem: Problem, on: npt.NDArray[np.bool_]) -> Portfolio:
    """As arrays in float64; `on` (member,) says which funds are on the method."""
    moves = np.where(on[:, None, None], problem.funds.portfolio_moves, 0.0)[holders(problem)]
    by_case, gamma = np.swapaxes(moves, 0, 1), gammas(problem)
    curved: Any = None if gamma is None else (by_case * gamma, 0.5 * by_case**2 * gamma)
    arrays: dict[str, Any] = {
        "on": on[:, None],
        "cases": by_case * shapes(problem),
        "floor": problem.funds.portfolio_floor[:, None],
        "gamma": None if curved is None else Moved(*curved),
    }
    return Portfolio(**arrays)
