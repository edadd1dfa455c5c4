"""Impact laws of the NumPy twin."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from stress.scenarios.problem import Assets, Impact

Array = npt.NDArray[Any]


def log_change(law: Impact, assets: Assets, j: Array, g: Array) -> Array:
    """Log price change F of a recent flow `j` (fraction of ADV) at depth `g`: log(1 + f) of laws in simple changes."""
    sigma = assets.impact_vol / np.sqrt(252.0)
    if law.law == "none":
        return np.zeros_like(j)
    if law.law == "square_root":
        size = law.coefficient * sigma * (np.sqrt(np.abs(j) / g + law.core) - np.sqrt(law.core))
        return np.asarray(np.sign(j) * size)
    if law.law == "linear":
        assert law.slope is not None
        return np.asarray(np.log1p(np.maximum(law.slope * j * assets.adv / g, -0.95)))
    if law.law == "bounded_exponential":
        # delta in USD over ADV
        delta = (1.0 - law.bound) * law.depth_coefficient * np.sqrt(law.depth_days) / sigma * g
        return np.asarray(np.log1p(np.sign(j) * (1.0 - law.bound) * (1.0 - np.exp(-np.abs(j) / delta))))
    if law.law == "exponential":
        assert law.outstanding is not None
        return np.asarray(law.beta * j * assets.adv / law.outstanding)
    raise ValueError(f"the twin knows no impact law {law.law!r}")
