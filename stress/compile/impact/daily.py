"""The volatility that laws of impact scale with."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from stress.scenarios.problem import TRADING_DAYS, Problem


def daily_volatility(problem: Problem) -> npt.NDArray[np.float64]:
    """Daily `impact_vol` of each asset, (asset,)."""
    return problem.assets.impact_vol / math.sqrt(TRADING_DAYS)
