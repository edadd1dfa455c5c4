"""Jumps: days on which the market, or a name by itself, moved further than its robust volatility explains.

A threshold estimator (Mancini, C. (2009), Scandinavian Journal of Statistics 36, 270-296) on daily returns: days
beyond `THRESHOLD` standard deviations of the rest, which are told from the median absolute deviation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
THRESHOLD = 4.0
MAD_TO_SD = 1.4826
TRADING_DAYS = 252


@dataclass(frozen=True)
class Jumps:
    """Rates a year, and mean and standard deviation of a jump's log return; (name,) but the first."""

    common_rate: float
    common_mean: Floats
    common_sd: Floats
    own_rate: Floats
    own_sd: Floats


def fit_jumps(returns: Floats) -> Jumps:
    """Fit (day, name) returns, their means taken off."""
    days, names = returns.shape
    years = days / TRADING_DAYS
    market = np.median(returns / returns.std(axis=0), axis=1)  # one name's own jump does not move it
    together = _far(market[:, None])[:, 0] if names > 1 else np.zeros(days, bool)
    own = _far(returns) & ~together[:, None]
    many = int(together.sum())
    mean = returns[together].mean(axis=0) if many else np.zeros(names)
    sd = returns[together].std(axis=0) if many else np.zeros(names)
    counts = own.sum(axis=0)
    squares = np.sum(np.where(own, returns, 0.0) ** 2, axis=0)
    return Jumps(many / years, mean, sd, counts / years, np.sqrt(squares / np.maximum(counts, 1)))


def diffusion_share(jumps: Jumps, variance: Floats) -> Floats:
    """Share of the daily `variance` (name,) that is not jumps, (name,); the model needs it above 0."""
    common = jumps.common_rate * (jumps.common_mean**2 + jumps.common_sd**2)
    return np.asarray(1 - (common + jumps.own_rate * jumps.own_sd**2) / (TRADING_DAYS * variance), np.float64)


def _far(moves: Floats) -> npt.NDArray[np.bool_]:
    size = MAD_TO_SD * np.median(np.abs(moves - np.median(moves, axis=0)), axis=0)
    return np.asarray(np.abs(moves) > THRESHOLD * size, bool)
