"""The engine's draw against the law that the scenario asks for: quantiles of every asset, signs of every pair."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from stress.questions.validate.check import Check, largest
from stress.questions.validate.kernels import Floats
from stress.scenarios.problem import TRADING_DAYS, Problem

STANDARD_ERRORS = 5.0
LEVELS = (0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99)


def law_of_the_draw(part: str, problem: Problem, draws: Floats) -> Iterator[Check]:
    """Counts of draws (step, asset, path) below quantiles of the law, and of pairs with the same sign.

    Both hold for normal and Student-t draws alike, with one chi-square or one a class: normals are both above their
    mean with probability `1/4 + asin(rho)/(2 pi)`. Clipped draws count as what they were: beyond. Other models, and
    steps with a condition or of a replay, are not looked at.
    """
    shocks, n = problem.shocks, problem.steps_per_day
    if shocks.model not in ("gaussian", "student_t", "factor"):
        yield Check(part, f"the draw of model {shocks.model!r} is not looked at", 0, 0)
        return
    apart_from = {one.step for one in shocks.conditions} | set(shocks.replay.steps if shocks.replay else ())
    free = [step - 1 for step in range(1, len(draws) + 1) if step not in apart_from]
    if not free:
        yield Check(part, "every step has a condition or a replay: the law of the draw is not looked at", 0, 0)
        return
    draws = draws[free]
    from scipy import stats

    sigma = shocks.scale * problem.assets.shock_vol / np.sqrt(TRADING_DAYS * n)
    loadings, covariance = problem.assets.loadings, shocks.correlation * np.outer(sigma, sigma)
    mean = np.where(problem.assets.loaded, 0.0, shocks.drift / (TRADING_DAYS * n))
    if shocks.martingale:
        mean = -0.5 * sigma**2 if loadings is None else loadings.means(covariance)
    moved = sigma > 0
    dof = np.array([shocks.class_dof.get(name, shocks.dof) for name in problem.assets.asset_class])[moved]
    fat = np.isfinite(dof) & (shocks.model != "gaussian")
    finite = np.where(fat, dof, 4.0)
    unit = np.where(fat, np.sqrt((finite - 2.0) / finite), 1.0)
    z = (draws - mean[:, None])[:, moved] / (sigma[moved] * unit)[:, None]
    steps, _, paths = z.shape
    count = steps * paths
    beyond = (shocks.max_move - np.abs(mean[moved])) / (sigma[moved] * unit)
    worst = 0.0
    for level in LEVELS:
        quantile = np.where(fat, stats.t.ppf(level, finite), stats.norm.ppf(level))
        below = (z < quantile[:, None]).sum(axis=(0, 2))
        apart = np.abs(below - level * count) / np.sqrt(level * (1 - level) * count)
        worst = max(worst, largest(apart[np.abs(quantile) < beyond]))
    yield Check(part, "draws below quantiles of their law", worst, STANDARD_ERRORS, "in standard errors")
    above = (z > 0).astype(np.float64)
    pairs = np.einsum("sip,sjp->ij", above, above)
    normals = shocks.correlation
    if shocks.model == "factor":
        normals = shocks.parameters.weights @ shocks.parameters.weights.T
        np.fill_diagonal(normals, 1.0)
    rho = np.clip(normals[np.ix_(moved, moved)], -1.0, 1.0)
    chance = 0.25 + np.arcsin(rho) / (2.0 * np.pi)
    spread = np.sqrt(np.maximum(chance * (1 - chance), 0.0) * count)
    apart = np.abs(pairs - chance * count) / np.maximum(spread, 1.0)
    yield Check(part, "pairs of draws with the same sign", largest(apart), STANDARD_ERRORS, "in standard errors")
    both = (above[1:] - 0.5) * (above[:-1] - 0.5)  # of one asset, +-1/4
    apart = np.abs(both.sum(axis=(0, 2))) / (0.25 * np.sqrt(max(1, (steps - 1) * paths)))
    yield Check(part, "signs of one step and the next", largest(apart), STANDARD_ERRORS, "in standard errors")
