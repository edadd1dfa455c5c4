"""Degrees of freedom of a multivariate Student-t, by maximum likelihood.

Liu, C. and Rubin, D. (1995), ML estimation of the t distribution using EM and its extensions, Statistica Sinica 5,
19-39: the scatter by weights `(nu + n)/(nu + d^2)`, then nu by the likelihood itself (ECME). The standard error is
that of the curvature of the likelihood with the scatter fitted anew. With more than `MOST_FREE` names, or fewer than
`DAYS_A_NAME` days a name, the scatter is a given correlation times one free scale.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
from scipy import linalg, optimize, special

Floats = npt.NDArray[np.float64]
LOWEST, HIGHEST = 2.05, 200.0  # of the degrees of freedom; the highest are normal
MOST_FREE = 60  # names with a scatter of their own
DAYS_A_NAME = 10
_ROUNDS, _NEAR = 500, 1e-13


class DegreesOfFreedom(NamedTuple):
    """An estimate."""

    dof: float
    error: float  # standard error, NaN at the ends of the range
    free_scatter: bool  # False: the correlation was given


def fit_dof(residuals: Floats, matrix: Floats) -> DegreesOfFreedom:
    """Fit (day, name) residuals around 0; `matrix` (name, name) is their correlation, used where names are many."""
    days, names = residuals.shape
    free = names <= MOST_FREE and days >= DAYS_A_NAME * names
    scaled = residuals / residuals.std(axis=0)
    scatter: Scatter = _Free(scaled, scaled.T @ scaled / days) if free else _Given(*_distances(scaled, matrix), names)
    dof, scatter = _ecme(scatter)
    if not LOWEST * 1.001 < dof < HIGHEST * 0.999:
        return DegreesOfFreedom(dof, float("nan"), free)
    step = 0.02 * dof
    around = [_profile(scatter, dof + sign * step) for sign in (-1, 0, 1)]
    curvature = (2 * around[1] - around[0] - around[2]) / step**2
    return DegreesOfFreedom(dof, float(curvature**-0.5) if curvature > 0 else float("nan"), free)


def log_likelihood(distances: Floats, log_determinant: float, dof: float, names: int) -> float:
    """Of (day,) squared distances by a scatter with that log determinant."""
    constant = special.gammaln((dof + names) / 2) - special.gammaln(dof / 2) - names / 2 * np.log(dof * np.pi)
    body = -(dof + names) / 2 * np.log1p(distances / dof).sum()
    return float(len(distances) * (constant - log_determinant / 2) + body)


class Scatter(Protocol):
    """A scatter matrix as far as the likelihood needs it."""

    names: int

    def measured(self) -> tuple[Floats, float]:
        """Squared distances (day,) and the log determinant."""

    def better(self, dof: float) -> Scatter:
        """The next one of the EM algorithm."""


class _Free:
    """Every entry is fitted."""

    def __init__(self, scaled: Floats, matrix: Floats) -> None:
        self.names, self._scaled, self._matrix = scaled.shape[1], scaled, matrix
        self._measured = _distances(scaled, matrix)

    def measured(self) -> tuple[Floats, float]:
        return self._measured

    def better(self, dof: float) -> _Free:
        weights = (dof + self.names) / (dof + self._measured[0])
        return _Free(self._scaled, (self._scaled * weights[:, None]).T @ self._scaled / weights.sum())


class _Given:
    """A matrix that is given, times a scale that is fitted."""

    def __init__(self, distances: Floats, log_determinant: float, names: int) -> None:
        self._distances, self._log_determinant, self.names = distances, log_determinant, names

    def measured(self) -> tuple[Floats, float]:
        return self._distances, self._log_determinant

    def better(self, dof: float) -> _Given:
        weights = (dof + self.names) / (dof + self._distances)
        scale = float(weights @ self._distances) / (len(weights) * self.names)
        return _Given(self._distances / scale, self._log_determinant + self.names * np.log(scale), self.names)


def _ecme(scatter: Scatter) -> tuple[float, Scatter]:
    dof = 8.0
    for _ in range(_ROUNDS):
        scatter = scatter.better(dof)
        better = _best_dof(scatter)
        if abs(better - dof) < 1e-7 * dof:
            return better, scatter
        dof = better
    return dof, scatter


def _profile(scatter: Scatter, dof: float) -> float:
    """Highest log likelihood at `dof`."""
    found = -np.inf
    for _ in range(_ROUNDS):
        scatter = scatter.better(dof)
        before, found = found, log_likelihood(*scatter.measured(), dof, scatter.names)
        if abs(found - before) < _NEAR * abs(found):
            break
    return float(found)


def _distances(scaled: Floats, scatter: Floats) -> tuple[Floats, float]:
    factor = np.linalg.cholesky(scatter)
    white = linalg.solve_triangular(factor, scaled.T, lower=True)
    return np.sum(white**2, axis=0), float(2 * np.log(np.diag(factor)).sum())


def _best_dof(scatter: Scatter) -> float:
    distances, log_determinant = scatter.measured()

    def cost(log_dof: float) -> float:
        return -log_likelihood(distances, log_determinant, float(np.exp(log_dof)), scatter.names)

    bounds = (np.log(LOWEST), np.log(HIGHEST))
    found = optimize.minimize_scalar(cost, bounds=bounds, method="bounded", options={"xatol": 1e-9})
    return float(np.exp(found.x))
