"""Estimates from weighted paths: importance sampling, and paths of which only some were simulated.

Each of N independent paths has a weight w >= 0, 0 if it was left out, whose mean is 1. Estimates divide by N, not by
the sum of the weights, and so are without bias. Errors are those of means of N independent terms.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from stress.results.statistics.estimate import NOTHING, Estimate
from stress.results.statistics.few_paths import Z95
from stress.results.statistics.levels import tail_mass

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Weighted:
    """Values of the paths that were simulated, with their weights.

    Attributes:
        values: (simulated path,) losses.
        weights: (simulated path,).
        paths: N, those that were left out among them.
    """

    values: Floats
    weights: Floats
    paths: int

    @cached_property
    def ranked(self) -> tuple[Floats, Floats, Floats]:
        """Values from the largest down, their weights, and the sums of these so far."""
        order = np.argsort(-self.values, kind="stable")
        return self.values[order], self.weights[order], np.cumsum(self.weights[order])


def mean(terms: Floats, paths: int) -> Estimate:
    """Of N terms, the others being zero."""
    value = float(terms.sum()) / paths
    variance = max(float((terms**2).sum()) / paths - value**2, 0.0)
    se = math.sqrt(variance / max(paths - 1, 1))
    return Estimate.symmetric(value, se)


def probability(happened: npt.NDArray[np.bool_], sample: Weighted) -> Estimate:
    """Of an event, given on which of the simulated paths it happened."""
    found = mean(np.where(happened, sample.weights, 0.0), sample.paths)
    return Estimate(found.value, found.se, max(found.low, 0.0), min(found.high, 1.0))


def value_at_risk(sample: Weighted, level: str) -> Estimate:
    """The smallest x with `sum of w 1{L > x} <= (1 - p) N`.

    The interval is that of x at which the weighted tail probability is `1 - p` less and more 1.96 of its own standard
    errors; the standard error is a part of its width.

    Args:
        sample: of losses.
        level: p as decimal text.
    """
    values, weights, above = sample.ranked
    mass = float(tail_mass(level, sample.paths))
    if not len(values) or above[-1] <= mass:
        return NOTHING
    at = _reached(above, mass)
    beyond = values > values[at]
    spread = mean(np.where(beyond, weights, 0.0), sample.paths).se * sample.paths
    high = values[_reached(above, mass - Z95 * spread)] if mass > Z95 * spread else math.inf
    far = mass + Z95 * spread
    low = values[_reached(above, far)] if far < above[-1] else -math.inf
    return Estimate(float(values[at]), float(high - low) / (2 * Z95), float(low), float(high))


def expected_shortfall(sample: Weighted, level: str) -> Estimate:
    """`q + sum of w (L - q)+ / ((1 - p) N)` at the VaR q, with the error of the second term (Rockafellar and Uryasev
    2002): an error of q is of second order there."""
    quantile = value_at_risk(sample, level).value
    if math.isnan(quantile):
        return NOTHING
    terms = sample.weights * np.maximum(sample.values - quantile, 0.0)
    share = float(tail_mass(level, sample.paths)) / sample.paths
    found = mean(terms, sample.paths)
    return Estimate(
        quantile + found.value / share, found.se / share, quantile + found.low / share, quantile + found.high / share
    )


def _reached(above: Floats, mass: float) -> int:
    """The first place, from the largest value on, at which more than `mass` is reached."""
    return min(int(np.searchsorted(above, mass, side="right")), len(above) - 1)
