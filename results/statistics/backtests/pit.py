"""Whole forecasts: where in its forecast law each loss fell, the probability integral transform (PIT).

Uniform and independent where the forecasts are right (Rosenblatt 1952). Two tests: Kolmogorov and Smirnov's distance
from the uniform law, and Berkowitz, J. (2001), Testing density forecasts, Journal of Business & Economic Statistics
19, 465-474: the normal scores have mean 0, variance 1 and no correlation with the day before; chi-square with three
degrees of freedom.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import stats

from stress.results.statistics.backtests.likelihood_ratio import LikelihoodRatio, likelihood_ratio

Floats = npt.NDArray[np.float64]


class Uniformity(NamedTuple):
    """Distance of a sample from the uniform law."""

    distance: float  # largest between the two distribution functions
    p_value: float


def pit(sample: Floats, value: float) -> float:
    """Rank of `value` among the draws of its forecast, `sample` (draw,), in (0, 1); ties count half."""
    below, equal = np.sum(sample < value), np.sum(sample == value)
    return float((below + 0.5 * equal + 0.5) / (len(sample) + 1))


def uniformity(ranks: Floats) -> Uniformity:
    """Kolmogorov-Smirnov test of (day,) ranks."""
    found = stats.kstest(ranks, "uniform")
    return Uniformity(float(found.statistic), float(found.pvalue))


def berkowitz(ranks: Floats) -> LikelihoodRatio:
    """Test (day,) ranks in (0, 1) by the likelihood of a normal autoregression of their normal scores.

    Raises:
        ValueError: fewer than ten ranks.
    """
    if len(ranks) < 10:
        raise ValueError(f"{len(ranks)} ranks are too few for an autoregression: at least 10")
    score = stats.norm.ppf(ranks)
    before, after = score[:-1], score[1:]
    slope = np.cov(before, after, bias=True)[0, 1] / np.var(before)
    left = after - after.mean() - slope * (before - before.mean())
    fitted = stats.norm.logpdf(left, scale=left.std()).sum()
    return likelihood_ratio(2 * (fitted - stats.norm.logpdf(after).sum()), 3)
