"""Unconditional coverage: are there as many exceptions as the level says?

Kupiec, P. (1995), Techniques for verifying the accuracy of risk measurement models, Journal of Derivatives 3(2),
73-84: `LR = -2 log[(1-p)^(T-x) p^x / ((1-x/T)^(T-x) (x/T)^x)]`, chi-square with one degree of freedom.
"""

from __future__ import annotations

from scipy.special import xlog1py, xlogy

from stress.results.statistics.backtests.likelihood_ratio import LikelihoodRatio, likelihood_ratio


def kupiec(exceptions: int, days: int, probability: float) -> LikelihoodRatio:
    """Test `exceptions` in `days` forecasts against the `probability` of one (0.01 for a VaR of 99 %).

    Raises:
        ValueError: no days, more exceptions than days, or a probability outside (0, 1).
    """
    if not 0 < probability < 1:
        raise ValueError(f"the probability of an exception is {probability}; it lies between 0 and 1")
    if not 0 <= exceptions <= days or days < 1:
        raise ValueError(f"{exceptions} exceptions in {days} days")
    share, quiet = exceptions / days, days - exceptions
    fitted = xlogy(exceptions, share) + xlog1py(quiet, -share)
    return likelihood_ratio(2 * (fitted - xlogy(exceptions, probability) - xlog1py(quiet, -probability)), 1)
