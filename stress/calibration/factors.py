"""A factor model `r = B f + e` for many names: the strongest principal components, or factors that are given.

Components of the correlation matrix, their number by the second criterion of Bai, J. and Ng, S. (2002), Determining
the number of factors in approximate factor models, Econometrica 70, 191-221. Given factors: least squares by name.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
MOST_FACTORS = 30
MOST_DENSE = 300  # names; beyond, factors stand for a correlation matrix


@dataclass(frozen=True)
class FactorModel:
    """Loadings by name, per unit of a factor's return."""

    names: tuple[str, ...]  # (factor,)
    loadings: Floats  # (name, factor)
    factor_sd: Floats  # (factor,) daily standard deviation of the factors
    factor_correlation: Floats  # (factor, factor)
    specific_sd: Floats  # (name,) daily standard deviation of e
    explained: float  # share of the names' variance, each name counted alike

    @property
    def scaled(self) -> Floats:
        """(name, factor) loadings times the factors' standard deviations."""
        return self.loadings * self.factor_sd


def statistical_factors(returns: Floats, count: int | None = None) -> FactorModel:
    """Principal components of (day, name) returns; None: as many as the criterion says.

    Raises:
        ValueError: more factors than names or days allow.
    """
    days, names = returns.shape
    centred = returns - returns.mean(axis=0)
    sd = centred.std(axis=0)
    x = centred / np.where(sd > 0, sd, 1.0)
    small = x @ x.T if days < names else x.T @ x
    values, vectors = np.linalg.eigh(small / (days * names))
    values, vectors = np.maximum(values[::-1], 0.0), vectors[:, ::-1]
    most = min(MOST_FACTORS, names - 1, days - 1) if count is None else count
    if not 0 < most <= min(days, names) - (count is None):
        raise ValueError(f"{most} factors of {names} names and {days} days")
    k = count if count is not None else _count(values, days, names, most)
    scores = vectors[:, :k] if days < names else x @ vectors[:, :k]
    scores = scores / scores.std(axis=0)
    scores = scores - scores.mean(axis=0)
    loadings = x.T @ scores / days
    left = np.maximum(1 - np.sum(loadings**2, axis=1), 1e-8)
    return FactorModel(
        tuple(f"pc{n + 1}" for n in range(k)),
        sd[:, None] * loadings,
        np.ones(k),
        np.eye(k),
        sd * np.sqrt(left),
        float(values[:k].sum() / values.sum()),
    )


def given_factors(returns: Floats, factors: Floats, names: tuple[str, ...]) -> FactorModel:
    """Least squares of (day, name) returns on (day, factor) returns of the same days.

    Raises:
        ValueError: fewer days than twice the factors, or factors that are not independent.
    """
    f = factors - factors.mean(axis=0)
    centred = returns - returns.mean(axis=0)
    if len(f) < 2 * f.shape[1] or np.linalg.matrix_rank(f) < f.shape[1]:
        raise ValueError("the factors are not independent of each other on these days")
    loadings = np.linalg.lstsq(f, centred, rcond=None)[0].T
    left = centred - f @ loadings.T
    sd = f.std(axis=0)
    explained = 1 - float(np.mean(left.var(axis=0) / centred.var(axis=0)))
    matrix = np.corrcoef(f, rowvar=False).reshape(len(sd), len(sd))
    return FactorModel(names, loadings, sd, matrix, np.maximum(left.std(axis=0), 1e-8 * sd.min()), explained)


def _count(values: Floats, days: int, names: int, most: int) -> int:
    """Number of factors with the least criterion: log of what is left plus a penalty a factor."""
    left = 1 - np.cumsum(values[:most]) / values.sum()
    penalty = (days + names) / (days * names) * np.log(min(days, names))
    return 1 + int(np.argmin(np.log(np.maximum(left, 1e-12)) + np.arange(1, most + 1) * penalty))
