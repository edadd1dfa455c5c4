"""Draws given some of their moves once more in plain NumPy, path by path, on the random words of `plain_draw`.

Written from the text of the model: a normal vector given linear forms of it, a Student-t by its chi-square given them,
mixtures by Bayes' rule. Gives the draws of all steps with their mean, (step, asset, path).
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats

import plain_models
from plain_models import OF_ALL, OF_DAYS, OF_FACTORS, OF_JUMPS, OF_SIZES, Plain, name_of
from stress.kernels.shocks.student_t import Z_RANGE, scale_coefficients
from stress.scenarios.conditions.record import Condition

Array = npt.NDArray[Any]


def fat(plain: Plain, dof: float, step: int) -> Array:
    """Scales of Student-t draws of unit variance with so many degrees of freedom, (path,)."""
    if np.isinf(dof):
        return np.ones(len(plain.ids))
    common = plain.normals(OF_ALL, [(0, 0)], step)[0]
    return np.asarray(np.exp(np.polynomial.chebyshev.chebval(common / Z_RANGE, scale_coefficients(dof))))


def given(covariance: Array, mean: Array, dof: float, normal: Array, fatter: Array, on: Condition) -> Array:
    """One path: a draw of the covariance, given `rows @ draw`; `normal` has the covariance, `fatter` a () scale."""
    rows, moves = on.rows, np.log1p(on.moves)
    inside = rows @ covariance @ rows.T
    gain = np.linalg.solve(inside, rows @ covariance).T
    lacks = moves - rows @ mean
    left = normal - gain @ (rows @ normal)
    if not np.isinf(dof):  # the scale matrix is covariance (nu - 2)/nu, the chi-square has nu + p degrees of freedom
        count = len(rows)
        squared = lacks @ np.linalg.solve(inside * (dof - 2.0) / dof, lacks)
        unit = fatter / np.sqrt(dof + count - 2.0)  # 1 / sqrt(chi-square)
        left = left * np.sqrt((dof - 2.0) / dof) * np.sqrt(dof + squared) * unit
    return np.asarray(mean + gain @ lacks + left)


def density(covariance: Array, mean: Array, dof: float, on: Condition) -> float:
    rows, moves = on.rows, np.log1p(on.moves)
    inside, centre = rows @ covariance @ rows.T, rows @ mean
    if np.isinf(dof):
        return float(stats.multivariate_normal(centre, inside).pdf(moves))
    return float(stats.multivariate_t(centre, inside * (dof - 2.0) / dof, dof).pdf(moves))


def _elliptical(plain: Plain, covariance: Array, normal: Array, step: int, on: Condition | None) -> Array:
    """All paths of a step: normals (asset, path) with a covariance, their mean added."""
    dof, mean = plain.problem.shocks.dof, mean_of(plain)
    if on is None:
        return np.asarray(mean[:, None] + normal * fat(plain, dof, step))
    fatter = fat(plain, dof + len(on.rows), step)
    every = [given(covariance, mean, dof, normal[:, j], fatter[j], on) for j in range(normal.shape[1])]
    return np.stack(every, axis=1)


def mean_of(plain: Plain) -> Array:
    return np.full(len(plain.names), plain.problem.shocks.drift / plain.days)


def draws(plain: Plain) -> Array:
    fixed = {one.step - 1: one for one in plain.problem.shocks.conditions}
    return np.stack(list(MODELS[plain.problem.shocks.model](plain, fixed)))


def student_t(plain: Plain, fixed: dict[int, Condition]) -> Any:
    rho, sd = plain.problem.shocks.correlation, plain.deviation
    for step in range(plain.problem.steps):
        yield _elliptical(plain, sd * rho * sd.T, sd * plain.correlated(rho, step), step, fixed.get(step))


def garch(plain: Plain, fixed: dict[int, Condition]) -> Any:
    shocks, p, mean = plain.problem.shocks, plain.problem.shocks.parameters, mean_of(plain)[:, None]
    h = p.start[:, None] * np.ones((1, len(plain.ids)))
    for step in range(plain.problem.steps):
        on, normal = fixed.get(step), plain.correlated(shocks.correlation, step)
        sd = plain.deviation * np.sqrt(h)
        if on is None:
            r = mean + sd * normal * fat(plain, shocks.dof, step)
        else:
            fatter, each = fat(plain, shocks.dof + len(on.rows), step), []
            for j in range(len(plain.ids)):
                own = sd[:, j]
                covariance = np.outer(own, own) * shocks.correlation
                each.append(given(covariance, mean[:, 0], shocks.dof, own * normal[:, j], fatter[j], on))
            r = np.stack(each, axis=1)
        yield r
        z = (r - mean) / plain.deviation
        heard = p.alpha[:, None] + p.gamma[:, None] * (z < 0)
        h = (1.0 - p.persistence)[:, None] + heard * z**2 + p.beta[:, None] * h


def factor(plain: Plain, fixed: dict[int, Condition]) -> Any:
    p, sd = plain.problem.shocks.parameters, plain.deviation
    covariance = sd * (p.weights @ p.weights.T + np.diag(p.specific**2)) * sd.T
    for step in range(plain.problem.steps):
        common = plain.normals(OF_FACTORS, [name_of(name) for name in p.names], step)
        own = plain.normals(plain_models.OF_ASSETS, plain.names, step)
        moves = sd * (p.weights @ common + p.specific[:, None] * own)
        yield _elliptical(plain, covariance, moves, step, fixed.get(step))


def regime(plain: Plain, fixed: dict[int, Condition]) -> Any:
    p, shocks, crisis = plain.problem.shocks.parameters, plain.problem.shocks, np.zeros(len(plain.ids), bool)
    other = shocks.correlation if p.correlation is None else p.correlation
    kinds = ((shocks.correlation, p.calm), (other, p.crisis))
    covariances = [np.outer(*2 * [plain.deviation[:, 0] * scale]) * rho for rho, scale in kinds]
    for step in range(plain.problem.steps):
        on, word = fixed.get(step), plain.word(OF_DAYS, (0, 0), step)
        seen = [1.0 if on is None else density(matrix, mean_of(plain), shocks.dof, on) for matrix in covariances]

        def likely(of_crisis: float, seen: list[float] = seen) -> float:
            return of_crisis * seen[1] / (of_crisis * seen[1] + (1.0 - of_crisis) * seen[0])

        if step == 0:
            crisis = plain.below(likely(p.first_in_crisis), word)
        elif step % plain.problem.steps_per_day == 0:
            to_calm = plain.below(1.0 - likely(1.0 - p.stay_calm), word)
            crisis = np.where(crisis, plain.below(likely(p.stay_crisis), word), ~to_calm)
        every = []
        for covariance, (rho, scale) in zip(covariances, kinds, strict=True):
            normal = plain.deviation * scale[:, None] * plain.correlated(rho, step)
            every.append(_elliptical(plain, covariance, normal, step, on))
        yield np.where(crisis, every[1], every[0])


def jump(plain: Plain, fixed: dict[int, Condition]) -> Any:
    p, shocks, mean = plain.problem.shocks.parameters, plain.problem.shocks, mean_of(plain)
    sd = (shocks.scale * p.diffusion / np.sqrt(plain.days))[:, None]
    base = sd * shocks.correlation * sd.T
    kinds = [(kind, names) for kind, names in ((p.common, [(0, 0)]), (p.own, plain.names)) if kind is not None]
    for step in range(plain.problem.steps):
        on, normal = fixed.get(step), sd * plain.correlated(shocks.correlation, step)
        counts, sizes = [], []
        for kind, names in kinds:
            for i, name in enumerate(names):
                chance = (plain.word(OF_JUMPS, name, step) >> np.uint64(2)).astype(np.float64)
                law = stats.poisson.cdf(np.arange(16), kind.rate[i] / plain.days)
                counts.append(sum((chance >= np.rint(x * 2**30)).astype(float) for x in law))
                sizes.append(plain.normals(OF_SIZES, [name], step)[0])
        moved = [] if on is None else [i for i in range(len(mean)) if p.own is not None and (on.rows[:, i] != 0).any()]
        if on is not None:
            cases, weights = [], []
            for case in itertools.product(range(13 if p.common is not None else 1), *[range(13)] * len(moved)):
                numbers = np.array([case[0] if p.common is not None else 0, *case[1:]])
                prior = 1.0 if p.common is None else stats.poisson.pmf(case[0], p.common.rate[0] / plain.days)
                for i, n in zip(moved, case[1:], strict=True):
                    prior *= stats.poisson.pmf(n, p.own.rate[i] / plain.days)
                centre, covariance = _of_case(plain, p, base, numbers[0], dict(zip(moved, case[1:], strict=True)))
                cases.append(case)
                weights.append(prior * density(covariance, mean + centre, np.inf, on))
            total = np.cumsum(weights) / np.sum(weights)
            first = (0, 0) if p.common is not None else plain.names[moved[0]]
            chance = (plain.word(OF_JUMPS, first, step) >> np.uint64(2)).astype(np.float64)
            chosen = np.array(cases)[(chance[:, None] >= np.rint(total * 2**30)).sum(axis=1)]
        columns = []
        for j in range(len(plain.ids)):
            own = counts[-len(mean) :] if p.own is not None else [np.zeros(len(plain.ids))] * len(mean)
            n_own = {i: own[i][j] for i in range(len(mean))}
            n_all = counts[0][j] if p.common is not None else 0.0
            if on is not None:
                n_all = chosen[j][0] if p.common is not None else 0.0
                n_own |= dict(zip(moved, chosen[j][1:], strict=True))
            centre, covariance = _of_case(plain, p, base, n_all, n_own)
            x = normal[:, j].copy()
            if p.common is not None:
                x += shocks.scale * p.common.sd * np.sqrt(n_all) * sizes[0][j]
            if p.own is not None:
                of_own = np.array([size[j] for size in sizes[-len(mean) :]])
                x += shocks.scale * p.own.sd * np.sqrt([n_own[i] for i in range(len(mean))]) * of_own
            centre = mean + centre
            columns.append(centre + x if on is None else given(covariance, centre, np.inf, x, np.array(1.0), on))
        yield np.stack(columns, axis=1)


def _of_case(plain: Plain, p: Any, base: Array, common: float, own: dict[int, float]) -> tuple[Array, Array]:
    """Mean and covariance of a step given its numbers of jumps."""
    scale, covariance = plain.problem.shocks.scale, base.copy()
    centre = np.zeros(len(base))
    if p.common is not None:
        centre += scale * p.common.mean * (common - p.common.rate / plain.days)
        covariance += common * scale**2 * np.outer(p.common.sd, p.common.sd)
    for i, number in own.items():
        centre[i] += scale * p.own.mean[i] * (number - p.own.rate[i] / plain.days)
        covariance[i, i] += number * (scale * p.own.sd[i]) ** 2
    return centre, covariance


def near_days(days: Array, mean: Array, on: Condition) -> tuple[Array, Array]:
    """Probabilities of days (asset, day) given a condition, and the gain by their covariance."""
    covariance = days @ days.T / days.shape[1]
    inside = on.rows @ covariance @ on.rows.T
    apart = on.rows @ (days + mean[:, None]) - np.log1p(on.moves)[:, None]
    count = len(on.rows)
    width = on.bandwidth or (4 / (count + 2) / days.shape[1]) ** (1 / (count + 4))
    chances = np.exp(-0.5 * np.einsum("rd,rs,sd->d", apart, np.linalg.inv(inside), apart) / width**2)
    return chances / chances.sum(), covariance @ on.rows.T @ np.linalg.inv(inside)


def _history(plain: Plain, fixed: dict[int, Condition], variance: Any) -> Any:
    p, mean, count = plain.problem.shocks.parameters, mean_of(plain), plain.problem.shocks.parameters.days.shape[1]
    day = np.zeros(len(plain.ids), np.int64)
    h = np.ones((len(mean), len(plain.ids))) * (1.0 if variance is None else variance.start[:, None])
    for step in range(plain.problem.steps):
        anywhere = ((plain.word(OF_DAYS, (2, 3), step) * np.uint64(count)) >> np.uint64(32)).astype(np.int64)
        ends = plain.below(1.0 / p.mean_block, plain.word(OF_DAYS, (0, 1), step))
        day = anywhere if step == 0 else np.where(ends, anywhere, (day + 1) % count)
        on, sd = fixed.get(step), plain.deviation * np.sqrt(h)
        if on is not None:
            chances, gain = near_days(sd[:, :1] * p.days, mean, on)
            chance = (plain.word(OF_DAYS, (2, 3), step) >> np.uint64(2)).astype(np.float64)
            day = (chance[:, None] >= np.rint(np.cumsum(chances) * 2**30)).sum(axis=1)
            x = sd * p.days[:, day]
            r = x + gain @ (np.log1p(on.moves)[:, None] - on.rows @ (x + mean[:, None]))
        else:
            r = sd * p.days[:, day]
        yield r + mean[:, None]
        if variance is not None:
            z = r / plain.deviation
            heard = variance.alpha[:, None] + variance.gamma[:, None] * (z < 0)
            h = (1.0 - variance.persistence)[:, None] + heard * z**2 + variance.beta[:, None] * h


def bootstrap(plain: Plain, fixed: dict[int, Condition]) -> Any:
    return _history(plain, fixed, None)


def filtered_historical(plain: Plain, fixed: dict[int, Condition]) -> Any:
    return _history(plain, fixed, plain.problem.shocks.parameters.variance)


MODELS: dict[str, Any] = {
    "gaussian": student_t,
    **{f.__name__: f for f in (student_t, garch, factor, regime, jump, bootstrap, filtered_historical)},
}
