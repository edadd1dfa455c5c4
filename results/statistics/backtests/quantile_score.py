"""The quantile (pinball) score: lower is better, least on average for the true quantile.

Koenker and Bassett (1978); Gneiting, T. (2011), Making and evaluating point forecasts, JASA 106, 746-762. Two
forecasts are compared by the mean difference of their scores, its error by Newey and West (1987) with Bartlett
weights (Diebold and Mariano 1995).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import stats

Floats = npt.NDArray[np.float64]


class ScoreDifference(NamedTuple):
    """How much worse the first forecast scores than the second."""

    mean: float
    error: float  # standard error
    p_value: float  # of a difference as large in size where both are as good


def quantile_score(losses: Floats, quantiles: Floats, level: float) -> Floats:
    """`(1[L <= q] - level) (q - L)` by day, in the units of the losses, shape of `losses`."""
    return np.asarray(((losses <= quantiles) - level) * (quantiles - losses), np.float64)


def score_difference(first: Floats, second: Floats) -> ScoreDifference:
    """Compare scores (day,) of the same days; the bandwidth is `floor(4 (T/100)^(2/9))`."""
    difference = first - second
    days = len(difference)
    away = difference - difference.mean()
    variance = float(away @ away) / days
    lags = int(4 * (days / 100) ** (2 / 9))
    for lag in range(1, min(lags, days - 1) + 1):
        variance += 2 * (1 - lag / (lags + 1)) * float(away[lag:] @ away[:-lag]) / days
    error = float(np.sqrt(max(variance, 0.0) / days))
    mean = float(difference.mean())
    chance = float(2 * stats.norm.sf(abs(mean) / error)) if error > 0 else float(mean == 0)
    return ScoreDifference(mean, error, chance)
