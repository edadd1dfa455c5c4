"""Correlations that can be inverted: shrunk towards independence.

Ledoit, O. and Wolf, M. (2004), A well-conditioned estimator for large-dimensional covariance matrices, Journal of
Multivariate Analysis 88, 365-411; Chen, Y. et al. (2010), Shrinkage algorithms for MMSE covariance estimation (OAS),
IEEE Transactions on Signal Processing 58, 5016-5029. Both on returns that are standardised first, `x`, whose sample
correlation is `S`: `(1 - d) S + d I`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
METHODS = ("ledoit-wolf", "oas", "sample")


class Correlation(NamedTuple):
    """An estimate."""

    matrix: Floats  # (name, name)
    shrinkage: float  # share of independence in it


def correlation(residuals: Floats, method: str = "ledoit-wolf") -> Correlation:
    """Of (day, name) returns over their volatilities; a name that never moves is independent of all.

    Raises:
        ValueError: a method other than `METHODS`.
    """
    if method not in METHODS:
        raise ValueError(f"the method is {method!r}; allowed: {', '.join(METHODS)}")
    days, names = residuals.shape
    centred = residuals - residuals.mean(axis=0)
    spread = centred.std(axis=0)
    x = centred / np.where(spread > 0, spread, 1.0)
    sample = x.T @ x / days
    np.fill_diagonal(sample, 1.0)
    shrinkage = 0.0
    if method != "sample" and names > 1:
        shrinkage = _ledoit_wolf(x, sample) if method == "ledoit-wolf" else _oas(days, sample)
    matrix = np.clip((1.0 - shrinkage) * sample, -1.0, 1.0)
    np.fill_diagonal(matrix, 1.0)
    return Correlation((matrix + matrix.T) / 2, shrinkage)


def _ledoit_wolf(x: Floats, sample: Floats) -> float:
    """`min(b2, d2)/d2`, `d2 = |S - I|^2`, `b2 = sum_t |x_t x_t' - S|^2 / T^2`."""
    days, names = x.shape
    squares = float((sample**2).sum())
    distance = squares - names  # the diagonal is 1
    if distance <= 0.0:
        return 1.0
    fourth = float(((x**2).sum(axis=1) ** 2).sum())  # sum_t |x_t x_t'|^2
    noise = (fourth / days - squares) / days
    return float(min(max(noise, 0.0), distance) / distance)


def _oas(days: int, sample: Floats) -> float:
    """Of a sample whose trace over its size is 1: `min(1, (a + 1)/((T + 1)(a - 1/n)))`, a the mean square of S."""
    mean = float((sample**2).mean())
    least = (days + 1) * (mean - 1.0 / len(sample))
    return 1.0 if least <= 0.0 else float(min(1.0, (mean + 1.0) / least))
