"""Loadings by regression: a name's own daily returns on those of what stands for the street's assets."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
FEWEST_DAYS = 60
LEAST_T = 4.0  # of a loading that is taken in: many candidates are tried
LEAST_GAIN = 0.01  # of R^2 by each further one
MOST = 3  # regressors


class Fit(NamedTuple):
    """Least squares with an intercept."""

    slopes: dict[int, float]  # by column
    r2: float
    errors: dict[int, float]  # standard error of each slope
    residuals: Floats  # (day,)


def fit(returns: Floats, series: Floats, columns: tuple[int, ...]) -> Fit:
    """Returns (day,) on some columns of series (day, column)."""
    x = np.column_stack([np.ones(len(returns)), series[:, columns]])
    solved, *_ = np.linalg.lstsq(x, returns, rcond=None)
    residuals = returns - x @ solved
    total = float(((returns - returns.mean()) ** 2).sum())
    variance = float(residuals @ residuals) / max(1, len(returns) - x.shape[1])
    errors = np.sqrt(np.clip(np.diag(np.linalg.pinv(x.T @ x)) * variance, 0.0, None))
    r2 = 1.0 - float(residuals @ residuals) / total if total > 0 else 0.0
    at = dict(enumerate(columns, start=1))
    slopes, spread = ({column: float(values[n]) for n, column in at.items()} for values in (solved, errors))
    return Fit(slopes, max(0.0, r2), spread, residuals)


def best(returns: Floats, series: Floats, candidates: tuple[int, ...]) -> Fit | None:
    """One column after the other, as long as each adds to R^2 and is significant; None where none is.

    Args:
        returns: (day,).
        series: (day, column).
        candidates: columns that may be taken in.
    """
    found: Fit | None = None
    chosen: tuple[int, ...] = ()
    while len(chosen) < MOST:
        tried = [fit(returns, series, (*chosen, column)) for column in candidates if column not in chosen]
        fine = [one for one in tried if all(abs(one.slopes[c]) > LEAST_T * one.errors[c] for c in one.slopes)]
        further = max(fine, key=lambda one: one.r2, default=None)
        if further is None or further.r2 < (0.0 if found is None else found.r2) + LEAST_GAIN:
            return found
        found, chosen = further, tuple(further.slopes)
    return found
