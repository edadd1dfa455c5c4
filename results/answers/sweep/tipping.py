"""The tipping point: how far along an axis the probability of a loss added by trading first reaches a bound."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


class Bound(NamedTuple):
    """The loss that trading adds, a fraction of start NAV, and the probability with which it is reached."""

    loss: float = 0.01
    probability: float = 0.05

    @property
    def text(self) -> str:
        """For titles: `P(added loss > 1 %) = 5 %`."""
        return f"P(added loss > {100 * self.loss:g} %) = {100 * self.probability:g} %"


class Tipping(NamedTuple):
    """Where it is, its 95 % interval, and how far it was looked for; NaN: not up to there."""

    value: float
    low: float
    high: float
    searched_to: float


def crossing(x: Floats, y: Floats, bound: float) -> float:
    """Where y (point,) first reaches a bound along increasing x, linear in between, NaN in y skipped; NaN: nowhere."""
    known = np.isfinite(y)
    x, y = x[known], y[known]
    reached = np.flatnonzero(y >= bound)
    if not len(reached):
        return math.nan
    at = int(reached[0])
    if at == 0:
        return float(x[0])
    before, after = y[at - 1], y[at]
    return float(x[at - 1] + (bound - before) / (after - before) * (x[at] - x[at - 1]))


def tipping_point(x: Floats, probability: Floats, low: Floats, high: Floats, bound: float) -> Tipping:
    """The tipping point along an axis.

    Its interval is where the ends of the 95 % intervals of the probabilities reach the bound: the upper ends first. An
    end that does not reach it within the axis is -inf or inf.

    Args:
        x: (point,) increasing.
        probability, low, high: (point,) estimate and interval; NaN where a point is infeasible.
        bound: of the probability.
    """
    known = np.isfinite(probability)
    if not known.any():
        return Tipping(math.nan, math.nan, math.nan, math.nan)
    value, first, last = (crossing(x, y, bound) for y in (probability, high, low))
    searched = float(x[known][-1])
    if math.isnan(value):
        return Tipping(math.nan, first, math.nan, searched)
    start = float(x[known][0])
    return Tipping(value, -math.inf if first == start else first, math.inf if math.isnan(last) else last, searched)
