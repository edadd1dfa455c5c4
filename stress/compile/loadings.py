"""Who moves with whom, as the kernels take it."""

from __future__ import annotations

from typing import Any

from stress.kernels.market.loadings import Loadings
from stress.scenarios.problem import Problem


def loadings(problem: Problem) -> Loadings | None:
    """Numbers of loadings, as arrays in float64; None where nobody has any."""
    given = problem.assets.loadings
    if given is None:
        return None
    arrays: Any = (given.whole, given.loaded[:, None])
    return Loadings(*arrays)
