"""Volatility day by day without a model of its own: exponential weights.

J. P. Morgan, RiskMetrics technical document (1996), section 5.2: `h' = decay h + (1 - decay) r^2`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
DECAY = 0.94


def ewma_variances(returns: Floats, decay: float = DECAY) -> Floats:
    """Variances as they were forecast for each day and, last, for the day after, (day + 1, name), daily.

    Args:
        returns: (day, name), their means taken off.
        decay: weight of the day before, in (0, 1).

    Raises:
        ValueError: a decay outside (0, 1).
    """
    if not 0 < decay < 1:
        raise ValueError(f"the decay is {decay}; it lies between 0 and 1")
    found = np.empty((len(returns) + 1, returns.shape[1]))
    found[0] = np.mean(returns**2, axis=0)
    for day, moves in enumerate(returns):
        found[day + 1] = decay * found[day] + (1 - decay) * moves**2
    return found
