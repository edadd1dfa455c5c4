"""Calm and crisis: a two-state Markov chain of days, by statsmodels, from the market's own volatility.

Hamilton, J. (1989), Econometrica 57, 357-384. The market is the mean of the names' returns, each over its
volatility; a state is its variance. What each name does in a state is its mean square by the smoothed probabilities
of the days.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stress.calibration.covariance import correlation

Floats = npt.NDArray[np.float64]
FEWEST_CRISIS = 30  # days, for correlations of their own
LONGEST_STAY, SHORTEST_STAY = 0.9995, 0.02


@dataclass(frozen=True)
class Regimes:
    """Two states of the market."""

    stay_calm: float  # probability a day
    stay_crisis: float
    errors: tuple[float, float]  # standard errors of the two
    market_sd: tuple[float, float]  # of the market series in calm and in crisis
    market_sd_error: tuple[float, float]
    weights: Floats  # (name,) the market is `weights @ returns`
    crisis_scale: Floats  # (name,) standard deviation in crisis over that in calm
    crisis_correlation: Floats  # (name, name)
    calm_correlation: Floats  # (name, name)
    crisis_now: float  # probability that the day after the last is crisis
    crisis_days: float  # expected days of the history in crisis

    @property
    def crisis_share(self) -> float:
        """Long-run share of crisis days."""
        return (1 - self.stay_calm) / (2 - self.stay_calm - self.stay_crisis)


def fit_regimes(returns: Floats, method: str = "ledoit-wolf") -> Regimes:
    """Fit (day, name) returns, their means taken off.

    Raises:
        ArithmeticError: no two states were found.
    """
    from statsmodels.tsa.regime_switching.markov_regression import MarkovRegression

    weights = 1 / (returns.std(axis=0) * returns.shape[1])
    market = returns @ weights
    size = float(market.std())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # statsmodels warns of starting values
        result = MarkovRegression(market / size, k_regimes=2, trend="n", switching_variance=True).fit(disp=False)
    parameters, errors = np.asarray(result.params), np.asarray(result.bse)
    calm = int(np.argmin(parameters[2:]))
    crisis = 1 - calm
    if not np.all(np.isfinite(parameters)):
        raise ArithmeticError("no two regimes were found in these returns")
    stay = (parameters[0], 1 - parameters[1])  # of states 0 and 1; the second is a probability to leave
    sd = np.sqrt(parameters[2:])
    sd_errors = errors[2:] / (2 * sd)
    smoothed = np.asarray(result.smoothed_marginal_probabilities)[:, crisis]
    last = float(np.asarray(result.filtered_marginal_probabilities)[-1, crisis])
    stays = [float(np.clip(stay[n], SHORTEST_STAY, LONGEST_STAY)) for n in (calm, crisis)]
    scale = np.sqrt(_mean_square(returns, smoothed) / _mean_square(returns, 1 - smoothed))
    normal = returns / np.sqrt(
        np.outer(smoothed, _mean_square(returns, smoothed))
        + np.outer(1 - smoothed, _mean_square(returns, 1 - smoothed))
    )
    calm_matrix = correlation(normal[smoothed < 0.5], method).matrix
    bad = normal[smoothed >= 0.5]
    return Regimes(
        stays[0],
        stays[1],
        (float(errors[calm]), float(errors[crisis])),
        (float(size * sd[calm]), float(size * sd[crisis])),
        (float(size * sd_errors[calm]), float(size * sd_errors[crisis])),
        weights,
        scale,
        correlation(bad, method).matrix if len(bad) >= FEWEST_CRISIS else calm_matrix,
        calm_matrix,
        last * stays[1] + (1 - last) * (1 - stays[0]),
        float(smoothed.sum()),
    )


def next_crisis(probability: float, move: float, found: Regimes) -> float:
    """Probability that the next day is crisis, from that of today and its `move` of the market (Hamilton's filter)."""
    density = [np.exp(-0.5 * (move / sd) ** 2) / sd for sd in found.market_sd]
    seen = probability * density[1] + (1 - probability) * density[0]
    today = float(probability * density[1] / seen) if seen > 0 else 1.0
    return today * found.stay_crisis + (1 - today) * (1 - found.stay_calm)


def _mean_square(returns: Floats, weights: Floats) -> Floats:
    return np.asarray(weights @ returns**2 / weights.sum(), np.float64)
