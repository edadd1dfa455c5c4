"""Shock models once more in plain NumPy, from the text of the model, on the random words of `plain_draw`.

Every function gives the draws of all steps before their mean, (step, asset, path). What `scipy` says of a chi-square
is held against the kernels' series elsewhere (`test_random`); here the series is taken as it is, so that all agrees
to the last digits.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats

from plain_draw import MASK, held_first, threefry, two_normals
from stress.kernels.shocks.student_t import Z_RANGE, scale_coefficients
from stress.scenarios.problem import Problem

Array = npt.NDArray[Any]
OF_ASSETS, OF_ALL, OF_DAYS, OF_JUMPS, OF_SIZES, OF_FACTORS = 1, 2, 3, 4, 5, 6


def name_of(text: str) -> tuple[int, int]:
    digest = hashlib.sha256(text.encode()).digest()
    return int.from_bytes(digest[:4], "big"), int.from_bytes(digest[4:8], "big")


class Plain:
    """The random numbers of a problem, and its numbers a step."""

    def __init__(self, problem: Problem, seed: int, paths: int) -> None:
        self.problem, self.seed, self.ids = problem, seed, np.arange(paths, dtype=np.uint64)
        self.names = [name_of(asset) for asset in problem.assets.ids]
        self.days = 252.0 * problem.steps_per_day
        self.deviation = (problem.shocks.scale * problem.assets.shock_vol / np.sqrt(self.days))[:, None]

    def normals(self, stream: int, names: list[tuple[int, int]], step: int) -> Array:
        return np.stack([two_normals(self.seed, stream, step // 2, name, self.ids)[step % 2] for name in names])

    def word(self, stream: int, name: tuple[int, int], step: int) -> Array:
        """Whole numbers of 32 bits, (path,): of the second step of a pair the second word."""
        key = threefry(threefry((self.seed & 0xFFFFFFFF, self.seed >> 32), (stream, step // 2)), name)
        return threefry(key, (self.ids & MASK, self.ids >> np.uint64(32)))[step % 2]

    def below(self, probability: float, word: Array) -> Array:
        """Whether a chance comes true: the upper 30 bits against a threshold."""
        return np.asarray(word >> np.uint64(2) < np.uint64(round(probability * 2**30)))

    def correlated(self, correlation: Array, step: int) -> Array:
        order = held_first(self.problem)
        own, moved = self.normals(OF_ASSETS, self.names, step), np.empty((len(self.names), len(self.ids)))
        moved[order] = np.linalg.cholesky(correlation[np.ix_(order, order)]) @ own[order]
        return moved

    def fattened(self, z: Array, step: int) -> Array:
        """Normals as Student-t of the same variance, by one chi-square or one for each class."""
        shocks, classes = self.problem.shocks, self.problem.assets.asset_class
        if np.isinf(shocks.dof):
            return z
        if not shocks.class_dof:
            return np.multiply(z, self.scale(shocks.dof, (0, 0), step))
        return np.multiply(z, [self.scale(shocks.class_dof[name], name_of(name), step) for name in classes])

    def scale(self, dof: float, name: tuple[int, int], step: int) -> Array:
        common = self.normals(OF_ALL, [name], step)[0]
        return np.asarray(np.exp(np.polynomial.chebyshev.chebval(common / Z_RANGE, scale_coefficients(dof))))


def student_t(plain: Plain) -> Array:
    steps, rho = range(plain.problem.steps), plain.problem.shocks.correlation
    return np.stack([plain.deviation * plain.fattened(plain.correlated(rho, n), n) for n in steps])


def variances(plain: Plain, given: Any, z: Array) -> tuple[Array, Array]:
    """GJR-GARCH in levels: h' = omega + (alpha + gamma [r < 0]) r^2 + beta h; draws and h, (step, asset, path)."""
    long_run = plain.deviation**2
    h, draws, seen = given.start[:, None] * long_run * np.ones_like(z[0]), np.empty_like(z), np.empty_like(z)
    for step in range(len(z)):
        draws[step], seen[step] = np.sqrt(h) * z[step], h
        heard = given.alpha[:, None] + given.gamma[:, None] * (draws[step] < 0)
        h = (1.0 - given.persistence)[:, None] * long_run + heard * draws[step] ** 2 + given.beta[:, None] * h
    return draws, seen


def garch(plain: Plain) -> Array:
    steps, rho = range(plain.problem.steps), plain.problem.shocks.correlation
    z = np.stack([plain.fattened(plain.correlated(rho, n), n) for n in steps])
    return variances(plain, plain.problem.shocks.parameters, z)[0]


def regimes(plain: Plain) -> Array:
    """Whether a path is in crisis, (step, path)."""
    given, crisis, every = plain.problem.shocks.parameters, np.zeros(len(plain.ids), bool), []
    for step in range(plain.problem.steps):
        word = plain.word(OF_DAYS, (0, 0), step)
        if step == 0:
            crisis = plain.below(given.first_in_crisis, word)
        elif step % plain.problem.steps_per_day == 0:
            goes_on = np.where(crisis, plain.below(given.stay_crisis, word), plain.below(given.stay_calm, word))
            crisis = np.where(goes_on, crisis, ~crisis)
        every.append(crisis)
    return np.stack(every)


def regime(plain: Plain) -> Array:
    given, shocks = plain.problem.shocks.parameters, plain.problem.shocks
    other = shocks.correlation if given.correlation is None else given.correlation
    draws = []
    for step, crisis in enumerate(regimes(plain)):
        calm = given.calm[:, None] * plain.correlated(shocks.correlation, step)
        bad = given.crisis[:, None] * plain.correlated(other, step)
        draws.append(plain.deviation * plain.fattened(np.where(crisis, bad, calm), step))
    return np.stack(draws)


def jump(plain: Plain) -> Array:
    given, shocks = plain.problem.shocks.parameters, plain.problem.shocks
    draws = []
    for step in range(plain.problem.steps):
        draw = given.diffusion[:, None] / np.sqrt(plain.days) * plain.correlated(shocks.correlation, step)
        for kind, names in ((given.common, [(0, 0)]), (given.own, plain.names)):
            for i, name in enumerate(names if kind is not None else []):
                rows = slice(None) if len(names) == 1 else slice(i, i + 1)
                rate, mean, sd = kind.rate[rows][0] / plain.days, kind.mean[rows, None], kind.sd[rows, None]
                chance = (plain.word(OF_JUMPS, name, step) >> np.uint64(2)).astype(np.float64)
                number = sum((chance >= np.rint(stats.poisson.cdf(n, rate) * 2**30)).astype(float) for n in range(16))
                size = plain.normals(OF_SIZES, [name], step)
                draw[rows] += mean * (number - rate) + sd * np.sqrt(number) * size
        draws.append(shocks.scale * draw)
    return np.stack(draws)


def factor(plain: Plain) -> Array:
    given, draws = plain.problem.shocks.factors or plain.problem.shocks.parameters, []
    for step in range(plain.problem.steps):
        common = plain.normals(OF_FACTORS, [name_of(name) for name in given.names], step)
        own = plain.normals(OF_ASSETS, plain.names, step)
        moves = given.weights @ common + given.specific[:, None] * own
        draws.append(plain.deviation * plain.fattened(moves, step))
    return np.stack(draws)


def days(plain: Plain) -> Array:
    """The day of the history that each step repeats, (step, path)."""
    given, every = plain.problem.shocks.parameters, list[Array]()
    count = given.days.shape[1]
    for step in range(plain.problem.steps):
        anywhere = (plain.word(OF_DAYS, (2, 3), step) * np.uint64(count)) >> np.uint64(32)
        ends = plain.below(1.0 / given.mean_block, plain.word(OF_DAYS, (0, 1), step))
        every.append(anywhere if step == 0 else np.where(ends, anywhere, (every[-1] + 1) % count))
    return np.stack(every).astype(np.int64)


def bootstrap(plain: Plain) -> Array:
    history = plain.problem.shocks.parameters.days
    return np.stack([plain.deviation * history[:, day] for day in days(plain)])


def filtered_historical(plain: Plain) -> Array:
    given = plain.problem.shocks.parameters
    return variances(plain, given.variance, np.stack([given.days[:, day] for day in days(plain)]))[0]


MODELS = {f.__name__: f for f in (student_t, garch, regime, jump, factor, bootstrap, filtered_historical)}
