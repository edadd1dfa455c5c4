"""Volatilities and correlation from daily returns: plain estimators, in one place."""

from __future__ import annotations

import numpy as np

from stress.scenarios.problem import TRADING_DAYS, Floats

HALF_LIFE = 23.0  # days of the weights of squared returns


def ewma_volatility(returns: Floats, half_life: float = HALF_LIFE) -> Floats:
    """Annual volatility (asset,) of log returns (day, asset): squares weighted by 2^(-age / half_life), mean 0."""
    age = np.arange(len(returns))[::-1]
    weights = 0.5 ** (age / half_life)
    variance = (weights[:, None] * returns**2).sum(axis=0) / weights.sum()
    return np.asarray(np.sqrt(TRADING_DAYS * variance), np.float64)


def shrunk_correlation(returns: Floats) -> tuple[Floats, float]:
    """Correlation (asset, asset) of returns (day, asset), shrunk towards independence, and the intensity in [0, 1].

    Ledoit and Wolf (2004), J. Multivariate Anal. 88, on returns that are standardised first:
    `(1 - d) S + d I`, `d = min(b2, d2)/d2`, `d2 = |S - I|^2`, `b2 = sum_t |x_t x_t' - S|^2 / T^2`.
    """
    days, count = returns.shape
    centred = returns - returns.mean(axis=0)
    spread = centred.std(axis=0)
    x = centred / np.where(spread > 0, spread, 1.0)
    sample = x.T @ x / days
    np.fill_diagonal(sample, 1.0)
    distance = float(((sample - np.eye(count)) ** 2).sum())
    if distance == 0.0:
        return np.eye(count), 1.0
    fourth = float(((x**2).sum(axis=1) ** 2).sum())  # sum_t |x_t x_t'|^2
    noise = (fourth / days - float((sample**2).sum())) / days
    intensity = min(max(noise, 0.0), distance) / distance
    return (1 - intensity) * sample + intensity * np.eye(count), intensity
