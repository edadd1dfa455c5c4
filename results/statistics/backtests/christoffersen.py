"""Independence: does an exception today say anything about one tomorrow? And with coverage, both at once.

Christoffersen, P. (1998), Evaluating interval forecasts, International Economic Review 39, 841-862: a first-order
Markov chain of exceptions against one whose rows are alike; the sum with Kupiec's ratio is chi-square with two
degrees of freedom.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import xlog1py, xlogy

from stress.results.statistics.backtests.kupiec import kupiec
from stress.results.statistics.backtests.likelihood_ratio import LikelihoodRatio, likelihood_ratio


class Transitions(NamedTuple):
    """Pairs of days in a row: `n01` is a day without an exception before one with."""

    n00: int
    n01: int
    n10: int
    n11: int


def transitions(exceptions: npt.NDArray[np.bool_]) -> Transitions:
    """Count the pairs of a series (day,)."""
    before, after = exceptions[:-1], exceptions[1:]
    counts = [int(np.sum((before == x) & (after == y))) for x in (False, True) for y in (False, True)]
    return Transitions(*counts)


def independence(pairs: Transitions) -> LikelihoodRatio:
    """Test whether the chance of an exception depends on the day before; no pairs with one: statistic 0."""
    quiet, after_quiet = pairs.n00 + pairs.n01, pairs.n01
    hit, after_hit = pairs.n10 + pairs.n11, pairs.n11
    apart = _log(after_quiet, quiet) + _log(after_hit, hit)
    return likelihood_ratio(2 * (apart - _log(after_quiet + after_hit, quiet + hit)), 1)


def conditional_coverage(exceptions: npt.NDArray[np.bool_], probability: float) -> LikelihoodRatio:
    """Coverage over all days and independence of the pairs, at once.

    Raises:
        ValueError: see `kupiec`.
    """
    coverage = kupiec(int(exceptions.sum()), len(exceptions), probability)
    return joint(coverage, independence(transitions(exceptions)))


def joint(coverage: LikelihoodRatio, alone: LikelihoodRatio) -> LikelihoodRatio:
    """Both tests at once: the sum of their ratios, two degrees of freedom."""
    return likelihood_ratio(coverage.statistic + alone.statistic, 2)


def _log(hits: int, days: int) -> float:
    """Largest log likelihood of `hits` in `days`."""
    share = hits / days if days else 0.0
    return float(xlogy(hits, share) + xlog1py(days - hits, -share))
