"""Degrees of freedom of a multivariate Student-t, by maximum likelihood.

Liu, C. and Rubin, D. (1995), ML estimation of the t distribution using EM and its extensions, Statistica Sinica 5,
19-39: the scatter by weights `(nu + n)/(nu + d^2)`, then nu by the likelihood itself (ECME). The standard error is
that of the curvature of the likelihood with the scatter fitted anew. With more than `MOST_FREE` names, or fewer than
`DAYS_A_NAME` days a name, the scatter is a given correlation times one free scale.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import optimize, special

Floats = npt.NDArray[np.float64]
LOWEST, HIGHEST = 2.05, 200.0  # of the degrees of freedom; the highest are normal
MOST_FREE = 60  # names with a scatter of their own
DAYS_A_NAME = 10
_ROUNDS, _NEAR = 500, 1e-9


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
    scatter = scaled.T @ scaled / days if free else matrix
    dof, scatter = _ecme(scaled, scatter, free)
    if not LOWEST * 1.001 < dof < HIGHEST * 0.999:
        return DegreesOfFreedom(dof, float("nan"), free)
    step = 0.02 * dof
    around = [_profile(scaled, scatter, dof + sign * step, free) for sign in (-1, 0, 1)]
    curvature = (2 * around[1] - around[0] - around[2]) / step**2
    return DegreesOfFreedom(dof, float(curvature**-0.5) if curvature > 0 else float("nan"), free)


def log_likelihood(distances: Floats, log_determinant: float, dof: float, names: int) -> float:
    """Of (day,) squared distances by a scatter with that log determinant."""
    constant = special.gammaln((dof + names) / 2) - special.gammaln(dof / 2) - names / 2 * np.log(dof * np.pi)
    body = -(dof + names) / 2 * np.log1p(distances / dof).sum()
    return float(len(distances) * (constant - log_determinant / 2) + body)


def _ecme(scaled: Floats, scatter: Floats, free: bool) -> tuple[float, Floats]:
    dof = 8.0
    for _ in range(_ROUNDS):
        scatter = _scatter(scaled, scatter, dof, free)
        better = _best_dof(scaled, scatter)
        if abs(better - dof) < 1e-7 * dof:
            return better, scatter
        dof = better
    return dof, scatter


def _profile(scaled: Floats, scatter: Floats, dof: float, free: bool) -> float:
    """Highest log likelihood at `dof`."""
    for _ in range(_ROUNDS):
        better = _scatter(scaled, scatter, dof, free)
        near = np.max(np.abs(better - scatter)) < _NEAR
        scatter = better
        if near:
            break
    return log_likelihood(*_distances(scaled, scatter), dof, scaled.shape[1])


def _scatter(scaled: Floats, scatter: Floats, dof: float, free: bool) -> Floats:
    days, names = scaled.shape
    distances, _ = _distances(scaled, scatter)
    weights = (dof + names) / (dof + distances)
    if free:
        return np.asarray((scaled * weights[:, None]).T @ scaled / weights.sum(), np.float64)
    return scatter * float(weights @ distances / (days * names))


def _distances(scaled: Floats, scatter: Floats) -> tuple[Floats, float]:
    factor = np.linalg.cholesky(scatter)
    white = np.linalg.solve(factor, scaled.T)
    return np.sum(white**2, axis=0), float(2 * np.log(np.diag(factor)).sum())


def _best_dof(scaled: Floats, scatter: Floats) -> float:
    distances, log_determinant = _distances(scaled, scatter)
    names = scaled.shape[1]

    def cost(log_dof: float) -> float:
        return -log_likelihood(distances, log_determinant, float(np.exp(log_dof)), names)

    found = optimize.minimize_scalar(
        cost, bounds=(np.log(LOWEST), np.log(HIGHEST)), method="bounded", options={"xatol": 1e-9}
    )
    return float(np.exp(found.x))
