"""Exact ranks and tail masses of a level given as decimal text: `0.95 * N` in floating point may land on either side.

VaR at `p` is the order statistic of rank `ceil(p N)` counted from the smallest; ES is the mean of the worst
`(1 - p) N` values, the boundary one counted in part.
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import lru_cache


@lru_cache(maxsize=256)
def as_fraction(level: str) -> Fraction:
    """The level as an exact fraction.

    Raises:
        ValueError: when the text is no number or does not lie in [0, 1).
    """
    try:
        value = Fraction(level)
    except (ValueError, ZeroDivisionError) as error:
        raise ValueError(f"level {level!r} is not a decimal number; write for example '0.99'") from error
    if not 0 <= value < 1:
        raise ValueError(f"level {level!r} is outside [0, 1)")
    return value


def order_rank(level: str, count: int) -> int:
    """Rank of the VaR among `count` values sorted upwards, 1-based: `max(1, ceil(p N))`."""
    if count < 1:
        raise ValueError("a quantile of no values")
    return max(1, math.ceil(as_fraction(level) * count))


def tail_mass(level: str, count: int) -> Fraction:
    """How many values the ES averages, `(1 - p) N`, not rounded."""
    if count < 1:
        raise ValueError("a tail mean of no values")
    return (1 - as_fraction(level)) * count
