"""A likelihood-ratio statistic and what it is compared with."""

from __future__ import annotations

from typing import NamedTuple

from scipy import stats


class LikelihoodRatio(NamedTuple):
    """A test that asks for a small statistic."""

    statistic: float  # -2 log of the ratio, at least 0
    p_value: float  # chance of a larger one where the forecasts are right


def likelihood_ratio(statistic: float, dof: int) -> LikelihoodRatio:
    """Compare with the chi-square law of `dof` degrees of freedom; rounding below 0 counts as 0."""
    value = max(0.0, float(statistic))
    return LikelihoodRatio(value, float(stats.chi2.sf(value, dof)))
