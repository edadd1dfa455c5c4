"""The error of a difference between two runs that number their paths alike: from influence functions, path by path.

A figure of a run of N paths is, to first order, a mean of N influence values. Of two runs (a, b) with N_a and N_b
paths, the first M = min(N_a, N_b) have the same numbers; if these draw the same shocks, their values move together,
and whether they do or not,

    Var(B - A) = Var(b M/N_b - a M/N_a)/M + Var(a) (N_a - M)/N_a^2 + Var(b) (N_b - M)/N_b^2,

with variances over the n paths that both results keep. Of an indicator (a probability, a VaR) the table of the four
cells has half a path added to each, so that two runs that agree on all n are not taken to agree on every path (Agresti
and Min 2005). Errors are widened for few paths (`few_paths`), and infinite where nothing can be said.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from stress.results.statistics.few_paths import FEWEST, paths_that_count, widened

Floats = npt.NDArray[np.float64]


class Influence(NamedTuple):
    """Influence of each kept path on a figure, up to a constant.

    Attributes:
        values: (path,) in the unit of the figure.
        scale: of an indicator, what its values are multiplied by; None for others.
        tail: how many of the kept paths lie in the figure's tail; all where it has none.
    """

    values: Floats
    scale: float | None
    tail: float


def of_mean(values: Floats) -> Influence:
    """Of the mean of (path,) values."""
    return Influence(values, None, len(values))


def of_share(happened: npt.NDArray[np.bool_]) -> Influence:
    """Of the share of paths on which something happened."""
    return Influence(happened.astype(np.float64), 1.0, len(happened))


def of_quantile(values: Floats, level: float, quantile: float, error: float, paths: int) -> Influence:
    """Of a VaR; the density there is what makes its standard error, over all `paths` of the run, `error`."""
    scale = error * math.sqrt(paths / (level * (1 - level)))
    return Influence((values > quantile).astype(np.float64), scale, (1 - level) * len(values))


def of_tail_mean(values: Floats, level: float, quantile: float) -> Influence:
    """Of an ES; level 0: of the mean."""
    if level == 0:
        return of_mean(values)
    return Influence(np.maximum(values - quantile, 0.0) / (1 - level), None, (1 - level) * len(values))


def combined(first: Influence, second: Influence, by_first: float, by_second: float) -> Influence:
    """Of `by_first` times one figure plus `by_second` times another."""
    values = by_first * first.values + by_second * second.values
    return Influence(values, None, min(first.tail, second.tail))


def error_of_difference(a: Influence, b: Influence, paths_a: int, paths_b: int) -> float:
    """Standard error of B less A; inf where too few of the kept paths have a say."""
    if not all(x.scale is None or math.isfinite(x.scale) for x in (a, b)):
        return math.inf
    one, other, weight = a.values, b.values, np.ones(len(a.values))
    if a.scale is not None and b.scale is not None:
        one, other = (np.concatenate([x.values, cells]) for x, cells in ((a, [0, 0, 1, 1]), (b, [0, 1, 0, 1])))
        one, other, weight = one * a.scale, other * b.scale, np.concatenate([weight, np.full(4, 0.5)])
    shared = min(paths_a, paths_b)
    moves = other * (shared / paths_b) - one * (shared / paths_a)
    variance = _variance(moves, weight) / shared
    for values, paths in ((one, paths_a), (other, paths_b)):
        if paths > shared:
            variance += _variance(values, weight) * (paths - shared) / paths**2
    rests_on = min(a.tail, b.tail)
    if a.scale is None:
        size = np.abs(moves)
        rests_on = min(rests_on, paths_that_count(float(size.mean()), float((size**2).mean()), len(size)))
    if variance == 0 and rests_on < FEWEST <= min(a.tail, b.tail):
        return 0.0  # the two are one on every path
    return widened(math.sqrt(variance), rests_on)


def _variance(values: Floats, weight: Floats) -> float:
    mean = float(weight @ values) / float(weight.sum())
    return float(weight @ (values - mean) ** 2) / float(weight.sum())
