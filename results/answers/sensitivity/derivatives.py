"""Slopes and elasticities by central differences on common random numbers.

With F(x) a figure of the scenario whose parameter is multiplied by x,

    slope = (F(1 + h) - F(1 - h)) / 2h,        elasticity = slope / F(1),

by the difference to F(1) over h where one of the two scenarios cannot start. Their errors are those of means of
influence values path by path, `paired`: of the ratio, those of (D - e F)/F(1), of a share of paths or a VaR no less
than the slope alone has. Derivatives of paths are not used: a
margin call makes a figure jump along a path, which they do not see.
"""

from __future__ import annotations

import math

import numpy as np

from stress.results.answers.world import Figure, difference, in_its_unit
from stress.results.statistics import paired
from stress.results.statistics.paired import Influence

NOTHING = (math.nan, math.nan, math.nan, math.nan)


def derivative(
    base: Figure, below: Figure | None, above: Figure | None, step: float
) -> tuple[float, float, float, float]:
    """Slope and its error, elasticity and its error; NaN where neither side is known, or F(1) is 0."""
    if below is None and above is None:
        return NOTHING
    width = step * (2.0 if below is not None and above is not None else 1.0)
    low, high = below or base, above or base
    slope = (high.estimate.value - low.estimate.value) / width
    error = difference(low, high)[1] / width
    whole = base.estimate.value
    if not whole or math.isnan(slope):
        return slope, error, math.nan, math.nan
    elasticity = slope / whole
    parts = [in_its_unit(one.influence) for one in (base, low, high)]
    if any(part is None for part in parts):
        return slope, error, elasticity, math.nan
    of_base, of_low, of_high = (part for part in parts if part is not None)
    moved = paired.combined(of_low, of_high, -1 / width, 1 / width)
    ratio = paired.combined(moved, of_base, 1 / whole, -elasticity / whole)
    nothing = Influence(np.zeros_like(ratio.values), None, ratio.tail)
    paths = len(ratio.values)
    of_ratio = paired.error_of_difference(nothing, ratio, paths, paths)
    if base.influence is None or base.influence.scale is None:
        return slope, error, elasticity, of_ratio
    bound = math.hypot(error, elasticity * base.estimate.se) / abs(whole)  # where they move against each other
    return slope, error, elasticity, max(of_ratio, error / abs(whole)) if math.isfinite(of_ratio) else bound
