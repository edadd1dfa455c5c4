"""Numbers of haircuts."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from stress.compile.books import holders, shapes
from stress.kernels.margin.haircut import Haircut
from stress.scenarios.problem import Problem


def record(problem: Problem, on: npt.NDArray[np.bool_]) -> Haircut:
    """As arrays in float64; `on` (member,) says which funds are on the method."""
    weights = shapes(problem)
    rates = np.where(on[:, None], problem.funds.rates, 0.0)[holders(problem)]
    capped = np.where(weights > 0, np.minimum(rates, 1.0), rates)
    arrays: dict[str, Any] = {
        "on": on[:, None],
        "shapes": capped * np.abs(weights),
        "term_shapes": rates * np.abs(weights),
        "long_shapes": np.maximum(weights, 0.0),
        "rates": rates,
    }
    return Haircut(**arrays)
