"""The matrix that makes correlated moves of normals, and the standard deviations in it."""

from __future__ import annotations

import functools
import math

import numpy as np
import numpy.typing as npt

from stress.kernels.shocks.registry import MODELS
from stress.scenarios.outside.registry import TABLES
from stress.scenarios.problem import Problem
from stress.scenarios.shocks import moments

Floats = npt.NDArray[np.float64]


def step_deviation(problem: Problem) -> Floats:
    """Standard deviation of the draw of a step, (asset,)."""
    return moments.step_deviation(problem.shocks, problem.assets, problem.steps_per_day)


def handed_on(problem: Problem) -> int:
    """Normals beside those of assets that go through the matrix as they are: what the chi-squares are made of."""
    thin = not MODELS[problem.shocks.model].tails or math.isinf(problem.shocks.dof)
    return 0 if thin else max(1, len(problem.shocks.class_dof))


def moves_matrix(problem: Problem, correlation: Floats, deviation: Floats) -> Floats:
    """The factor of a correlation (asset, asset) times deviations (asset,), see `kernels.shocks.protocol.ShockModel`.

    Rows and columns that hand on what is common follow, and zeros for the row after it.
    """
    factor = deviation[:, None] * cholesky_in_order(correlation, matter(problem))
    rows = len(factor) + handed_on(problem)
    matrix = np.eye(rows, rows + 1)
    matrix[: len(factor), : len(factor)] = factor
    return matrix


def matter(problem: Problem) -> npt.NDArray[np.bool_]:
    """Assets, (asset,), that a fund holds, a script or a condition moves or an outside flow trades, and their sources.

    The others move nothing.
    """
    held = np.any(problem.books.held, axis=0)
    traded = (TABLES[name].traded(record, problem.assets) for name, record in problem.outside.items())
    found: npt.NDArray[np.bool_] = functools.reduce(
        np.logical_or, traded, held | np.any(problem.shocks.script != 0, axis=0)
    )
    for condition in problem.shocks.conditions:
        found = found | np.any(condition.rows != 0, axis=0)
    loadings = problem.assets.loadings
    if loadings is not None:
        found[loadings.sources] |= np.any(loadings.whole[found] != 0, axis=0)
    return found


def cholesky_in_order(correlation: Floats, first: npt.NDArray[np.bool_]) -> Floats:
    """Factor L with `L L' = correlation`, (asset, asset), lower triangular in an order of its own.

    The order is that of the ids, but those that are not `first` come last: no asset moves with the normal of a later
    one, and the factor of the first ones is worked out as if there were no others, so these change no bit of it.
    """
    order = np.argsort(~first, kind="stable")
    ordered, count = correlation[np.ix_(order, order)], int(first.sum())
    try:
        head = np.linalg.cholesky(ordered[:count, :count])
        across = np.linalg.solve(head, ordered[:count, count:]).T
        rest = np.linalg.cholesky(ordered[count:, count:] - across @ across.T)
        lower = np.block([[head, np.zeros_like(across.T)], [across, rest]])
    except np.linalg.LinAlgError:
        lower = cholesky(ordered)
    factor = np.empty_like(lower)
    factor[np.ix_(order, order)] = lower
    return factor


def cholesky(correlation: Floats) -> Floats:
    """Lower factor of a positive semidefinite matrix (asset, asset), float64."""
    try:
        return np.asarray(np.linalg.cholesky(correlation), np.float64)
    except np.linalg.LinAlgError:  # singular: the triangular factor of the symmetric root serves as well
        values, vectors = np.linalg.eigh(correlation)
        root = vectors * np.sqrt(np.clip(values, 0.0, None))
        triangular = np.asarray(np.linalg.qr(root.T).R.T, np.float64)
        return triangular * np.where(np.diag(triangular) < 0, -1.0, 1.0)
