"""The loss of independent books by convolution, in NumPy: what `option_books` is held against."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import cast

import numpy as np

from stress.published.model import Floats, Values

CELLS = 2**17  # of the grid of losses
NORMALS = np.linspace(-9.0, 9.0, 240_001)
CHI_SQUARES = 48  # nodes over the logarithm of a chi-square
Loss = Callable[[Floats], Floats]  # move of an asset -> loss of what was sold on it


def losses(given: Values, quadratic: bool = False) -> list[tuple[Loss, int]]:
    """The loss on each asset as a function of its move in standard deviations, and how many assets have that one.

    Args:
        given: inputs of `option_books`.
        quadratic: by delta, gamma and theta instead of revaluation.
    """
    spot, vol, rate, years, horizon = (float(given[x]) for x in ("spot", "vol", "rate", "maturity", "horizon"))
    root, move = vol * math.sqrt(years), spot * vol * math.sqrt(horizon)
    d = (rate + 0.5 * vol**2) * years / root
    delta, gamma = (_normal(d), _normal(d) - 1.0), _density(d) / (spot * root)
    decay, owed = -spot * _density(d) * vol / (2 * math.sqrt(years)), rate * spot * math.exp(-rate * years)
    theta = (decay - owed * _normal(d - root), decay + owed * _normal(root - d))
    kinds: dict[tuple[float, float], int] = {}
    for calls, puts in zip(given["calls"], given["puts"], strict=True):
        held = (float(calls), float(calls * delta[0] / -delta[1] if given["hedged"] > 0 else puts))
        kinds[held] = kinds.get(held, 0) + 1

    def of(calls: float, puts: float) -> Loss:
        before = _options(np.asarray(spot), spot, vol, rate, years)

        def revalued(x: Floats) -> Floats:
            after = _options(spot + move * x, spot, vol, rate, years - horizon)
            return calls * (after[0] - before[0]) + puts * (after[1] - before[1])

        def approximate(x: Floats) -> Floats:
            steps = move * x
            first = calls * delta[0] + puts * delta[1]
            return (
                (calls * theta[0] + puts * theta[1]) * horizon + first * steps + (calls + puts) * gamma / 2 * steps**2
            )

        return approximate if quadratic else revalued

    return [(of(*held), count) for held, count in kinds.items()]


def loss_tail(given: Values, quadratic: bool = False) -> Floats:
    """The probability that the loss exceeds the threshold, (); accurate to 3e-6."""
    of_assets, threshold, dof = losses(given, quadratic), float(given["threshold"]), int(given["dof"])
    if dof == 0:
        return np.asarray(_tail(of_assets, threshold, 1.0))
    nodes, weights = np.polynomial.legendre.leggauss(CHI_SQUARES)
    # Between the quantiles 1e-10 and 1 - 1e-10 the density of log Y, normalised by its own sum.
    low, high = -46.0 / dof, math.log1p(12.0 / math.sqrt(dof)) + 0.5
    log_y = math.log(dof) + low + (high - low) * 0.5 * (nodes + 1.0)
    density = weights * np.exp(0.5 * dof * log_y - 0.5 * np.exp(log_y))
    scales = np.sqrt((dof - 2) / np.exp(log_y))
    tails = [_tail(of_assets, threshold, float(scale)) for scale in scales]
    return np.asarray(float(density @ np.array(tails)) / float(density.sum()))


def _tail(of_assets: list[tuple[Loss, int]], threshold: float, scale: float) -> float:
    """Given the scale of all moves: by discrete Fourier transforms of each asset's loss on one grid."""
    probability = np.exp(-0.5 * NORMALS**2)
    probability /= probability.sum()
    every = [(loss(scale * NORMALS), count) for loss, count in of_assets]
    lowest = sum(count * float(values.min()) for values, count in every)
    highest = sum(count * float(values.max()) for values, count in every)
    step = (max(highest, threshold) - lowest) * 1.01 / CELLS
    product, reached = np.ones(CELLS // 2 + 1, complex), 0.0
    for values, count in every:
        first = float(values.min())
        cell = (values - first) / step
        whole = np.floor(cell).astype(np.int64)
        part = cell - whole
        mass = np.zeros(CELLS + 1)
        mass += np.bincount(whole, probability * (1 - part), CELLS + 1)
        mass += np.bincount(whole + 1, probability * part, CELLS + 1)
        product *= np.fft.rfft(mass[:CELLS]) ** count
        reached += count * first
    together = np.fft.irfft(product, CELLS)
    above = np.concatenate([[0.0], np.cumsum(together[::-1])])[::-1]  # P(cell >= k)
    at = (threshold - reached) / step + 0.5  # a cell's mass is spread over one step
    k = min(max(math.floor(at), 0), CELLS - 1)
    return float(above[k] + (above[k + 1] - above[k]) * min(max(at - k, 0.0), 1.0))


def _options(spot: Floats, strike: float, vol: float, rate: float, years: float) -> tuple[Floats, Floats]:
    from scipy.special import ndtr

    spot = np.maximum(spot, 1e-9 * strike)
    root = vol * math.sqrt(years)
    d = (np.log(spot / strike) + (rate + 0.5 * vol**2) * years) / root
    owed = strike * math.exp(-rate * years)
    call = cast("Floats", spot * ndtr(d) - owed * ndtr(d - root))
    return call, call - spot + owed


def _normal(x: float) -> float:
    return 0.5 * math.erfc(-x / math.sqrt(2.0))


def _density(x: float) -> float:
    return math.exp(-0.5 * x * x) / math.sqrt(2.0 * math.pi)
