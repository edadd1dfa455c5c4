"""Impact laws of the NumPy twin."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from stress.scenarios.problem import Assets, Impact

Array = npt.NDArray[Any]


def log_change(law: Impact, assets: Assets, j: Array, g: Array) -> Array:
    """Log price change F of a recent flow `j` (fraction of ADV) at depth `g`: log(1 + f) of laws in simple changes."""
    of, sigma = law.parameters, assets.impact_vol / np.sqrt(252.0)
    if law.law == "none":
        return np.zeros_like(j)
    if law.law == "square_root":
        size = of.coefficient * sigma * (np.sqrt(np.abs(j) / g + of.core) - np.sqrt(of.core))
        return np.asarray(np.sign(j) * size)
    if law.law == "linear":
        return np.asarray(np.log1p(np.maximum(of.slope * j * assets.adv / g, -0.95)))
    if law.law == "bounded_exponential":
        # delta in USD over ADV
        delta = (1.0 - of.bound) * of.depth_coefficient * np.sqrt(of.depth_days) / sigma * g
        return np.asarray(np.log1p(np.sign(j) * (1.0 - of.bound) * (1.0 - np.exp(-np.abs(j) / delta))))
    if law.law == "exponential":
        return np.asarray(of.beta * j * assets.adv / of.outstanding)
    raise ValueError(f"the twin knows no impact law {law.law!r}")
