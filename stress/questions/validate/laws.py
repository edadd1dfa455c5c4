"""What each shock model says of its draws: chances of standardised values, alone, in pairs and from step to step.

Where volatility has a memory, values are standardised by the variance that the path's own draws make; chances are those
of numbers that the law itself gives at some cuts, so no law is inverted and none is sampled.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from stress.scenarios.problem import TRADING_DAYS, Floats, Problem

LEVELS = (0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99)
MIDDLE = LEVELS.index(0.5)
MOST_JUMPS = 16  # of a step, as the kernel counts them


class Law(NamedTuple):
    """Of the assets that move."""

    values: Floats  # (step, asset, path)
    cuts: Floats  # (asset, level)
    chances: Floats  # (step, asset, level) that a value lies below
    both: Floats | None  # (step, asset, asset) that two lie above their middle cuts; None: no closed form
    lasting: Floats  # (asset,) covariance of lying above it in one step and in the next
    independent: bool  # steps of a path


class Moves(NamedTuple):
    """Draws of the assets that move, as the models take them."""

    problem: Problem
    moved: Any  # (asset,) which
    z: Floats  # (step, asset, path) less their mean, over the standard deviation asked for
    sigma: Floats  # (asset,) that deviation over a step
    dof: Floats  # (asset,) inf: gaussian


def law_of(moves: Moves) -> Law | None:
    """The law of a problem's model; None where nothing is drawn."""
    make = _LAWS.get(moves.problem.shocks.model)
    return None if make is None else make(moves)


def _cdf(dof: Floats, x: Floats) -> Floats:
    """Of normals or Student-t of variance 1: dof (asset,), x (asset, cut)."""
    from scipy import stats

    fat, finite = np.isfinite(dof)[:, None], np.where(np.isfinite(dof), dof, 4.0)[:, None]
    of_t = stats.t.cdf(x * np.sqrt(finite / (finite - 2.0)), finite)
    return np.asarray(np.where(fat, of_t, stats.norm.cdf(x)), np.float64)


def _cuts(dof: Floats) -> Floats:
    """(asset, level) of the same."""
    from scipy import stats

    fat, finite = np.isfinite(dof)[:, None], np.where(np.isfinite(dof), dof, 4.0)[:, None]
    of_t = stats.t.ppf(LEVELS, finite) * np.sqrt((finite - 2.0) / finite)
    return np.asarray(np.where(fat, of_t, stats.norm.ppf(LEVELS)[None, :]), np.float64)


def _both_above(correlation: Floats) -> Floats:
    """Of normals, whatever scales they share: `1/4 + asin(rho)/(2 pi)`."""
    chance: Floats = 0.25 + np.arcsin(np.clip(correlation, -1.0, 1.0)) / (2.0 * np.pi)
    return chance


def _every_step(moves: Moves, values: Floats) -> Floats:
    return np.broadcast_to(values, (len(moves.z), *values.shape))


def _among(moves: Moves, matrix: Floats) -> Floats:
    return matrix[np.ix_(moves.moved, moves.moved)]


def _elliptical(moves: Moves, values: Floats | None = None, correlation: Floats | None = None) -> Law:
    """Normals times scales: plain, or given each step's variance."""
    cuts = _cuts(moves.dof)
    both = _both_above(_among(moves, moves.problem.shocks.correlation if correlation is None else correlation))
    chances = np.broadcast_to(LEVELS, cuts.shape)
    found = moves.z if values is None else values
    return Law(found, cuts, _every_step(moves, chances), _every_step(moves, both), np.zeros(len(cuts)), True)


def _factor(moves: Moves) -> Law:
    weights = moves.problem.shocks.parameters.weights
    matrix = weights @ weights.T
    np.fill_diagonal(matrix, 1.0)
    return _elliptical(moves, correlation=matrix)


def _over_variance(moves: Moves, given: Any) -> Floats:
    """Values over the deviation that a GJR-GARCH recursion gives each step, (step, asset, path)."""
    alpha, gamma, beta, start, persistence = (
        np.asarray(x)[moves.moved][:, None]
        for x in (given.alpha, given.gamma, given.beta, given.start, given.persistence)
    )
    ratio, found = np.broadcast_to(start, moves.z.shape[1:]), np.empty_like(moves.z)
    for step, x in enumerate(moves.z):
        found[step] = x / np.sqrt(ratio)
        ratio = (1.0 - persistence) + (alpha + gamma * (x < 0)) * x**2 + beta * ratio
    return found


def _garch(moves: Moves) -> Law:
    return _elliptical(moves, _over_variance(moves, moves.problem.shocks.parameters))


def _regime(moves: Moves) -> Law:
    problem = moves.problem
    given, cuts, correlation = problem.shocks.parameters, _cuts(moves.dof), problem.shocks.correlation
    crisis, days = [given.first_in_crisis], -(-problem.steps // problem.steps_per_day)
    for _ in range(days - 1):
        crisis.append(crisis[-1] * given.stay_crisis + (1.0 - crisis[-1]) * (1.0 - given.stay_calm))
    share = np.repeat(crisis, problem.steps_per_day)[: problem.steps, None, None]
    of_calm, of_crisis = (_cdf(moves.dof, cuts / scale[moves.moved][:, None]) for scale in (given.calm, given.crisis))
    other = correlation if given.correlation is None else given.correlation
    calm, bad = _both_above(_among(moves, correlation)), _both_above(_among(moves, other))
    chances, both = (1.0 - share) * of_calm + share * of_crisis, (1.0 - share) * calm + share * bad
    return Law(moves.z, cuts, chances, both, np.zeros(len(cuts)), False)


def _jump(moves: Moves) -> Law:
    """A mixture of normals by the numbers of jumps of both kinds."""
    from scipy import stats

    problem = moves.problem
    given, a_step = problem.shocks.parameters, 1.0 / (TRADING_DAYS * problem.steps_per_day)
    deviation = (problem.assets.shock_vol[moves.moved] * np.sqrt(a_step))[:, None]
    cuts = deviation * stats.norm.ppf(LEVELS)[None, :]
    none = np.zeros((len(cuts), 1))
    rates, means, sds = ([], [], [])  # type: tuple[list[Floats], list[Floats], list[Floats]]
    for kind in (given.common, given.own):
        rates.append(none if kind is None else kind.rate[moves.moved][:, None] * a_step)
        means.append(none if kind is None else kind.mean[moves.moved][:, None])
        sds.append(none if kind is None else kind.sd[moves.moved][:, None])
    below = np.zeros_like(cuts)
    for n in range(MOST_JUMPS):
        for m in range(MOST_JUMPS - n):
            weight = stats.poisson.pmf(n, rates[0]) * stats.poisson.pmf(m, rates[1])
            if weight.max() < 1e-12:
                continue
            centre = means[0] * (n - rates[0]) + means[1] * (m - rates[1])
            variance = given.diffusion[moves.moved][:, None] ** 2 * a_step + n * sds[0] ** 2 + m * sds[1] ** 2
            below += weight * stats.norm.cdf((cuts - centre) / np.sqrt(np.maximum(variance, 1e-300)))
    return Law(moves.z, cuts / deviation, _every_step(moves, below), None, np.zeros(len(cuts)), True)


def _of_days(moves: Moves, values: Floats, given: Any) -> Law:
    """Days of a history in blocks of a mean length: any day as often as any other."""
    days = np.asarray(given.days)[moves.moved]
    cuts = np.stack([_between(row) for row in days])
    chances = (days[:, None, :] < cuts[:, :, None]).mean(axis=2)
    above = (days > cuts[:, [MIDDLE]]).astype(np.float64)
    apart = above - above.mean(axis=1, keepdims=True)
    lasting = (1.0 - 1.0 / given.mean_block) * (apart * np.roll(apart, -1, axis=1)).mean(axis=1)
    both = above @ above.T / days.shape[1]
    return Law(values, cuts, _every_step(moves, chances), _every_step(moves, both), lasting, False)


def _between(days: Floats) -> Floats:
    """Cuts (level,) half way between two values of a history, the widest gap near each level."""
    ordered = np.sort(days)
    gaps = np.diff(ordered)
    found = []
    for level in LEVELS:
        middle, near = int(level * (len(days) - 2)), max(1, len(days) // 100)
        first = max(0, middle - near)
        at = first + int(np.argmax(gaps[first : middle + near + 1]))
        found.append(0.5 * (ordered[at] + ordered[at + 1]))
    return np.array(found)


def _bootstrap(moves: Moves) -> Law:
    return _of_days(moves, moves.z, moves.problem.shocks.parameters)


def _filtered_historical(moves: Moves) -> Law:
    given = moves.problem.shocks.parameters
    return _of_days(moves, _over_variance(moves, given.variance), given)


_LAWS: dict[str, Callable[[Moves], Law]] = {
    "gaussian": _elliptical,
    "student_t": _elliptical,
    "factor": _factor,
    "garch": _garch,
    "regime": _regime,
    "jump": _jump,
    "bootstrap": _bootstrap,
    "filtered_historical": _filtered_historical,
}
