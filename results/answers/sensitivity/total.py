"""How far off a figure could be: parameters within their ranges, and sampling.

A figure F_i with sampling error s_i is worked out at each of N points of a Latin hypercube over the ranges. Given the
parameters, its sampling error is taken to be normal on either side, with the width that its own 95 % interval has
there: s_i- = (F_i - low_i)/1.96 below and s_i+ = (high_i - F_i)/1.96 above. So the figure has the law

    G(x) = 1/N sum_i Phi((x - F_i) / s_i+-),

and the total interval is G^-1(2.5 %) to G^-1(97.5 %): that of sampling alone where no parameter matters. Its variance
is that of the law of total variance, Var = Var_i(F_i) + mean_i(s_i^2). All points have the same draws, so that
Var_i(F_i) is of the parameters and not of chance. The ends' own errors, as N is small, come from drawing the points
again with replacement (Efron 1979).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from stress.results.statistics.few_paths import Z95

Floats = npt.NDArray[np.float64]
SHARES = (0.025, 0.975)
FEWEST = 10  # points below which there is no interval
DRAWN_AGAIN = 100
STEPS = 60  # of bisection


class Total(NamedTuple):
    """Of one figure."""

    low: float
    high: float
    low_se: float
    high_se: float
    se: float  # of parameters and sampling together
    of_parameters: float  # standard deviation
    of_sampling: float  # root of the mean square of the sampling errors


UNKNOWN = Total(*[math.nan] * 7)
ANY = (-math.inf, math.inf)
POSSIBLE = {  # figures that cannot be anything
    "called_nav_share": (0.0, 1.0),
    "prob_default": (0.0, 1.0),
    "expected_forced_sales_usd": (0.0, math.inf),
}


def total(
    values: Floats, errors: Floats, lows: Floats, highs: Floats, possible: tuple[float, float] = ANY, seed: int = 0
) -> Total:
    """The total interval of a figure from its (point,) values, sampling errors and 95 % intervals; no end of it lies
    beyond what is `possible`.

    NaN where too few points are known, or one in ten of them has no interval.
    """
    known = np.isfinite(values)
    bounded = known & np.isfinite(errors) & np.isfinite(lows) & np.isfinite(highs)
    if bounded.sum() < max(FEWEST, 0.9 * known.sum()):
        return UNKNOWN
    values, errors, below, above = values[bounded], errors[bounded], values - lows, highs - values
    below, above = below[bounded] / Z95, above[bounded] / Z95
    low, high = _quantiles(values, below, above)
    again = np.random.default_rng(seed).integers(0, len(values), (DRAWN_AGAIN, len(values)))
    ends = _quantiles(values[again], below[again], above[again])
    within, sampling = float(values.var(ddof=1)), float((errors**2).mean())
    return Total(
        float(np.clip(low, *possible)),
        float(np.clip(high, *possible)),
        float(ends[0].std(ddof=1)),
        float(ends[1].std(ddof=1)),
        math.sqrt(within + sampling),
        math.sqrt(within),
        math.sqrt(sampling),
    )


def _quantiles(values: Floats, below: Floats, above: Floats) -> tuple[Floats, Floats]:
    """Of the mixture along the last axis, by bisection."""
    from scipy.special import ndtr

    least = 1e-12 * np.abs(values).max(axis=-1, keepdims=True) + 1e-300
    below, above = np.maximum(below, least), np.maximum(above, least)
    ends = []
    for share in SHARES:
        low = (values - 8 * below).min(axis=-1)
        high = (values + 8 * above).max(axis=-1)
        for _ in range(STEPS):
            middle = (low + high) / 2
            away = middle[..., None] - values
            reached = ndtr(away / np.where(away < 0, below, above)).mean(axis=-1) >= share
            low, high = np.where(reached, low, middle), np.where(reached, middle, high)
        ends.append((low + high) / 2)
    return ends[0], ends[1]
