"""The laws of ranges: which value lies at a share of the probability.

uniform      low + u (high - low)
loguniform   low (high / low)^u
triangular   density rising from low to the mode and falling to high; the mode is the scenario's own value
"""

from __future__ import annotations

import math


def at_share(law: str, low: float, high: float, mode: float, share: float) -> float:
    """The value below which a law has `share` of its probability, in [0, 1].

    Args:
        law: "uniform", "loguniform" (low above 0) or "triangular".
        low, high: ends, low below high.
        mode: of a triangle; the middle is taken where it lies outside.
        share: between 0 and 1.

    Raises:
        ValueError: another law.
    """
    if law == "uniform":
        return low + share * (high - low)
    if law == "loguniform":
        return low * math.exp(share * math.log(high / low))
    if law != "triangular":
        raise ValueError(f"no law {law!r}; there are uniform, loguniform and triangular")
    peak = mode if low <= mode <= high else (low + high) / 2
    rising = (peak - low) / (high - low)
    if share <= rising:
        return low + math.sqrt(share * (high - low) * (peak - low))
    return high - math.sqrt((1 - share) * (high - low) * (high - peak))
